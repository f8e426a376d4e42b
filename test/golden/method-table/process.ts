import { consistencyScores, filterRollouts } from "../../../src/reward/process/prof.ts";
import { splitSteps } from "../../../src/reward/process/split-steps.ts";
import { aggregateSteps, blendOutcome, type StepAggregation, stepProbability } from "../../../src/reward/process/step-scores.ts";
import { placeOnTokens } from "../../../src/reward/process/token-rewards.ts";
import type { MethodTable } from "./table.ts";

/** The names of the vectors for the ways to aggregate steps. */
const AGGREGATIONS: Readonly<Record<string, StepAggregation>> = {
  min: "min",
  product: "product",
  last: "last",
  mean: "mean",
  max: "max",
  sum_logprob: "sumLogProbability",
  sum_logit: "sumLogit",
  geomean: "geometricMean",
  "softmin_0.1": "softmin",
};

export const process: MethodTable = {
  "prm.split": ({ text }, { separator }) => ({
    steps: splitSteps(text, { by: "marker", marker: separator }).map(({ start, end }) => text.slice(start, end)),
  }),
  "prm.step_prob": ({ logit_plus, logit_minus }) => {
    const { probability, logProbability } = stepProbability(logit_plus, logit_minus);
    return { p: probability, log_p: logProbability };
  },
  "prm.aggregate": ({ steps }, { eps }) =>
    Object.fromEntries(
      Object.entries(AGGREGATIONS).map(([name, aggregation]) => [
        name,
        aggregateSteps(steps, aggregation, { epsilon: eps, temperature: 0.1 }),
      ]),
    ),
  "prm.token_rewards": ({ n_tokens, step_ends, step_rewards }, { mode }) => ({
    token_rewards: placeOnTokens(step_rewards, step_ends, n_tokens, mode === "last_token" ? "lastToken" : "uniform"),
  }),
  "prm.blend": ({ outcome, process_mean }, { beta }) => ({ reward: blendOutcome(outcome, process_mean, beta) }),
  "prof.score": ({ steps, outcome }, { lambda, h_min, h_max, centre, form }) => {
    const paper = form === "paper";
    const rollouts = steps.map((scores: number[], i: number) => ({ steps: scores, correct: outcome[i] === 1 }));
    return {
      ic: consistencyScores(rollouts, {
        lambda,
        minSteps: h_min ?? 2,
        // The paper's form holds H ≥ h_max against a rollout, the code's H > h_max.
        maxSteps: paper ? h_max - 1 : h_max,
        form: paper ? "bracketed" : "signed",
        centre: centre === "batch_mean" ? "batchMean" : "none",
      }),
    };
  },
  "prof.filter": ({ ic, outcome }, { n_remove }) => {
    const correct = outcome.map((o: number) => o === 1);
    const { delta, positivesRemoved, remove, keep } = filterRollouts(ic, correct, { count: n_remove });
    return { delta, n_pos_remove: positivesRemoved, remove, keep };
  },
};
