import { consistencyScores, filterRollouts } from "../../../src/reward/process/prof.ts";
import type { MethodTable } from "./table.ts";

export const process: MethodTable = {
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
