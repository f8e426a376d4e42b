import { z } from "zod";
import type { MultipliersValue } from "../../domain/state.ts";
import { lambdaOf, type Multipliers, stepMultipliers } from "../../reward/aggregation/lagrangian.ts";
import { byName, noneNamed, perJudge, type StateKind } from "./kind.ts";

const params = z
  .strictObject({
    judges: z
      .record(
        z.string(),
        z.strictObject({
          threshold: z.number().describe("Mean reward that the judge is held to."),
          initial: z.number().default(0).describe("Multiplier μ before the first step. Default 0."),
        }),
      )
      .describe("Judges under a constraint, by name."),
    form: z
      .enum(["inequality", "equality"])
      .default("inequality")
      .describe("`inequality`: at least the threshold, λ = σ(μ); `equality`: the threshold itself, λ = tanh(μ). Default inequality."),
    learningRate: z.number().positive().default(0.01).describe("Step size of the descent. Default 0.01."),
    momentum: z.number().min(0).lt(1).default(0.1).describe("Momentum of the descent, in [0, 1). Default 0.1."),
    maxGradientNorm: z.number().positive().optional().describe("Largest Euclidean length of a gradient. Default no bound."),
  })
  .describe("Lagrange multipliers of constraints on judges' mean rewards; a step reports `meanRewards`.");

type Params = z.output<typeof params>;

const value = z
  .object({ lambda: perJudge, mu: perJudge, velocity: perJudge })
  .refine(({ lambda, mu, velocity }) =>
    [lambda, velocity].every(
      (part) => Object.keys(part).length === Object.keys(mu).length && Object.keys(mu).every((name) => name in part),
    ),
  );

/** Weights that hold judges' mean rewards to thresholds, stepped by mean rewards. */
export const multipliers: StateKind<"multipliers", typeof params, "meanRewards"> = {
  kind: "multipliers",
  params,
  reads: "meanRewards",
  problems: ({ judges }) => noneNamed(Object.keys(judges)),
  judges: ({ judges }) => Object.keys(judges),
  value,
  covered: ({ mu }) => Object.keys(mu),
  initial: (params) => {
    const mu = Float64Array.from(Object.values(params.judges), ({ initial }) => initial);
    return asValue({ mu, velocity: new Float64Array(mu.length) }, params);
  },
  step: ({ mu, velocity }, means, params) => {
    const names = Object.keys(params.judges);
    const before = { mu: inOrder(mu, names), velocity: inOrder(velocity, names) };
    const reported = names.map((name) => means[name] ?? null);
    const thresholds = names.map((name) => params.judges[name]!.threshold);
    const { form, learningRate, momentum, maxGradientNorm = Number.POSITIVE_INFINITY } = params;
    return asValue(stepMultipliers(before, reported, { thresholds, form, learningRate, momentum, maxGradientNorm }), params);
  },
};

function asValue({ mu, velocity }: Multipliers, { judges, form }: Params): MultipliersValue {
  const names = Object.keys(judges);
  const lambda = lambdaOf(mu, form);
  return {
    lambda: byName(names, (_, j) => lambda[j]!),
    mu: byName(names, (_, j) => mu[j]!),
    velocity: byName(names, (_, j) => velocity[j]!),
  };
}

function inOrder(of: Readonly<Record<string, number>>, names: readonly string[]): Float64Array {
  return Float64Array.from(names, (name) => of[name]!);
}
