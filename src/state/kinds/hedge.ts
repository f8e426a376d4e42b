import { z } from "zod";
import { sum } from "../../reward/numerics.ts";
import { hedge as reweigh } from "../../reward/routing/hedge.ts";
import { byName, noneNamed, perJudge, type StateKind } from "./kind.ts";

const params = z
  .strictObject({
    judges: z
      .record(
        z.string(),
        z.strictObject({ weight: z.number().positive().default(1).describe("Weight before the first step, > 0. Default 1.") }),
      )
      .describe("Judges that share the weight, by name."),
    learningRate: z.number().min(0).describe("η of π ← π·e^(−η·loss), ≥ 0; 0 keeps the weights."),
  })
  .describe("Multiplicative weights of judges; a step reports `losses`.");

/** By how much weights may sum to another number than 1, as rounding makes it. */
const ROUNDING = 1e-6;
const value = z.object({
  weights: perJudge.refine((weights) => {
    const each = Object.values(weights);
    return each.every((weight) => weight >= 0) && Math.abs(sum(Float64Array.from(each)) - 1) <= ROUNDING;
  }),
});

/** Weights of judges that move away from those with losses. */
export const hedge: StateKind<"hedge", typeof params, "losses"> = {
  kind: "hedge",
  params,
  reads: "losses",
  problems: ({ judges }) => noneNamed(Object.keys(judges)),
  judges: ({ judges }) => Object.keys(judges),
  value,
  covered: ({ weights }) => Object.keys(weights),
  initial: ({ judges }) => {
    const total = sum(Float64Array.from(Object.values(judges), ({ weight }) => weight));
    return { weights: byName(Object.keys(judges), (name) => judges[name]!.weight / total) };
  },
  step: ({ weights }, losses, { judges, learningRate }) => {
    const names = Object.keys(judges);
    const before = names.map((name) => weights[name]!);
    const after = reweigh(
      before,
      names.map((name) => losses[name] ?? null),
      learningRate,
    );
    return { weights: byName(names, (_, j) => after[j]!) };
  },
};
