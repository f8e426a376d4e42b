import { gatedCoefficients, gatedSum, steerGating } from "../../../src/reward/gating.ts";
import { marginTerms } from "../../../src/reward/modpo.ts";
import { sum } from "../../../src/reward/numerics.ts";
import { gatingOf, gatingPosition } from "../../../src/reward/objectives/gating-network.ts";
import { hierarchicalSum } from "../../../src/reward/objectives/hierarchical.ts";
import { regressObjectives, toNativeScale } from "../../../src/reward/objectives/regression.ts";
import { fitPenalties, PENALTY_GRID } from "../../../src/reward/objectives/verbosity-penalties.ts";
import { constrainedScore, linearScores, tchebycheffScores } from "../../../src/reward/scalarise.ts";
import type { Fields } from "../../support/vectors.ts";
import { type MethodTable, numbers } from "./table.ts";

function gatedBy(penalties: readonly number[], verbosityIndex: number) {
  return { objectives: penalties.map((penalty, k) => ({ name: `objective-${k}`, penalty })), verbosityIndex };
}

function scalarise({ r }: Fields, params: Fields): object {
  const objectives = numbers(r);
  if (params.mode === "constrained") {
    const floors = Object.entries<number>(params.thresholds).map(([k, least]) => ({ objective: Number(k), least }));
    return constrainedScore(objectives, params.objective, floors);
  }
  const weightSets = [numbers(params.w)];
  if (params.mode === "linear") return { score: linearScores(objectives, weightSets, "asGiven")[0] };
  const { scores, idealViolated } = tchebycheffScores(objectives, numbers(params.z), { weightSets, weightRule: "asGiven" });
  return { score: scores[0], ideal_violated: idealViolated };
}

export const objectives: MethodTable = {
  "armorm.regression": ({ W, h }) => ({ rewards: regressObjectives(W.map(numbers), numbers(h)) }),
  "armorm.gating": ({ logits }, { temperature, logit_scale }) => ({
    gating: gatingOf(numbers(logits), { temperature, scale: logit_scale }),
  }),
  "armorm.gating_position": ({ ids }, { pattern }) => ({ position: gatingPosition(ids, pattern) }),
  "armorm.score": ({ rewards, gating, penalties }, { verbosity_dim }) => {
    const gated = gatedBy(penalties, verbosity_dim);
    const { value, adjusted } = gatedSum(numbers(rewards), numbers(gating), gated);
    const coefficients = gatedCoefficients(numbers(gating), gated);
    const again = sum(coefficients.map((c, k) => c * rewards[k]));
    return { adjusted, coefficients, score: value, score_from_coefficients: again };
  },
  "armorm.fit_penalties": ({ rewards }, { verbosity_dim, corr_threshold }) =>
    fitPenalties(rewards, { verbosityIndex: verbosity_dim, threshold: corr_threshold, grid: PENALTY_GRID }),
  "armorm.steer": ({ gating, user_weights, rewards, penalties }, { mode, alpha, verbosity_dim }) => {
    const steered = steerGating(numbers(gating), numbers(user_weights), { mode, alpha });
    return { gating: steered, score: gatedSum(numbers(rewards), steered, gatedBy(penalties, verbosity_dim)).value };
  },
  "armorm.native_scale": ({ rewards }, { mul, add }) => ({ native: toNativeScale(numbers(rewards), { mul, add }) }),
  "armorm.hierarchical": ({ rewards, groups, aspect_logits, criteria_logits }, { temperature }) => {
    const logits = { aspects: numbers(aspect_logits), criteria: numbers(criteria_logits) };
    const result = hierarchicalSum(numbers(rewards), logits, { aspects: groups, temperature });
    return {
      criteria_weights: result.criteriaWeights,
      aspect_scores: result.aspectScores,
      aspect_weights: result.aspectWeights,
      score: result.value,
    };
  },
  scalarise,
  "modpo.margin_terms": ({ chosen_logratio, rejected_logratio, chosen_margin, rejected_margin }, { w, beta }) =>
    marginTerms(
      { logRatio: chosen_logratio, margins: numbers(chosen_margin) },
      { logRatio: rejected_logratio, margins: numbers(rejected_margin) },
      { weights: numbers(w), beta },
    ),
};
