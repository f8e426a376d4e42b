import { disagreement } from "../../../src/reward/aggregation/disagreement.ts";
import { geometricMean } from "../../../src/reward/aggregation/geometric-mean.ts";
import { hybrid } from "../../../src/reward/aggregation/hybrid.ts";
import { lambdaOf, type Multipliers, mixedReward, stepMultipliers } from "../../../src/reward/aggregation/lagrangian.ts";
import { lscSum } from "../../../src/reward/aggregation/lsc-sum.ts";
import { least } from "../../../src/reward/aggregation/min.ts";
import { median, trimmedMean } from "../../../src/reward/aggregation/order-statistics.ts";
import { borda, reciprocalRank } from "../../../src/reward/aggregation/rank-fusion.ts";
import { softmin } from "../../../src/reward/aggregation/softmin.ts";
import { meanMinusStd, uwo } from "../../../src/reward/aggregation/spread-penalty.ts";
import { inverseVariance, weighByAgreement } from "../../../src/reward/aggregation/uncertainty.ts";
import { weightedMean } from "../../../src/reward/aggregation/weighted-mean.ts";
import { allTrue } from "../../../src/reward/constraints/all-true.ts";
import { cgpo } from "../../../src/reward/constraints/cgpo.ts";
import { equalWeights, type MissingPolicy, type Optional, type Present, presentScores } from "../../../src/reward/missing.ts";
import type { Fields } from "../../support/vectors.ts";
import { type MethodTable, numbers } from "./table.ts";

const RENORMALISE: MissingPolicy = { policy: "renormalise", minCoverage: 0.5 };
const FAIL: MissingPolicy = { policy: "fail" };

/** The missing policy that a vector names; without a name, what is missing is left out. */
function policyOf({ missing, impute }: Fields): MissingPolicy {
  if (missing === "fail") return FAIL;
  return missing === "impute" ? { policy: "impute", value: impute } : RENORMALISE;
}

/** A reward over the scores that count, null where the policy leaves none. */
function over(
  scores: readonly Optional[],
  weights: ArrayLike<number>,
  missing: MissingPolicy,
  combine: (present: Present) => { readonly reward: number },
): Optional {
  const present = presentScores(scores, weights, missing);
  return present === undefined ? null : combine(present).reward;
}

/** The same for members that count as equals. */
const equals = (scores: readonly Optional[], missing: MissingPolicy, combine: (scores: Float64Array) => { readonly reward: number }) =>
  over(scores, equalWeights(scores.length), missing, (present) => combine(present.scores));

export const aggregation: MethodTable = {
  "agg.weighted_mean": ({ scores }, params) => ({
    score: over(scores, params.weights, policyOf(params), (present) => weightedMean(present.scores, present.weights)),
  }),
  "agg.lsc_sum": ({ r, ref }, { weights }) => {
    const present = presentScores(r, weights, FAIL);
    if (present === undefined) return { u: null, sum: null, p_all_good: null };
    const { terms, sum, pAllGood } = lscSum(present.scores, numbers(ref), present.weights);
    return { u: terms, sum, p_all_good: pAllGood ?? null };
  },
  "agg.geometric_mean": ({ scores }, params) => ({
    score: over(scores, params.weights, policyOf(params), (present) => geometricMean(present.scores, present.weights, params.floor)),
  }),
  "agg.min": ({ scores }) => {
    const ignoring = presentScores(scores, equalWeights(scores.length), RENORMALISE);
    const worst = ignoring && least(ignoring.scores);
    return {
      score: worst?.reward ?? null,
      argmin: worst === undefined ? null : ignoring!.indices[worst.argMin],
      ignore_missing: worst?.reward ?? null,
      require_all: equals(scores, FAIL, least),
    };
  },
  "agg.softmin": ({ scores }) => {
    const at = (temperature: number, form: "logMeanExp" | "weighted") =>
      over(scores, equalWeights(scores.length), FAIL, (present) => softmin(present.scores, present.weights, { temperature, form }));
    return { "tau_0.5": at(0.5, "logMeanExp"), "tau_0.05": at(0.05, "logMeanExp"), "weighted_softmin_tau_0.1": at(0.1, "weighted") };
  },
  "agg.uwo": ({ scores }, { lambda, ddof, ...params }) => {
    const present = presentScores(scores, equalWeights(scores.length), policyOf(params));
    const penalised = present && uwo(present.scores, { lambda, ddof });
    return {
      mean: penalised?.mean ?? null,
      var: penalised?.variance ?? null,
      score: penalised?.reward ?? null,
      degenerate: penalised?.degenerate,
    };
  },
  "agg.mean_minus_std": ({ scores }, { k, ddof, ...params }) => ({
    score: equals(scores, policyOf(params), (present) => meanMinusStd(present, { k, ddof })),
  }),
  "agg.median": ({ scores, scores_even }) => ({
    score: equals(scores, RENORMALISE, median),
    score_even: scores_even && equals(scores_even, RENORMALISE, median),
  }),
  "agg.trimmed_mean": ({ scores }, { trim }) => ({ score: equals(scores, RENORMALISE, (present) => trimmedMean(present, trim)) }),
  "agg.borda": ({ scores }) => ({ score: borda(scores, equalWeights(scores.length)) }),
  "agg.reciprocal_rank": ({ scores }, { k }) => ({ score: reciprocalRank(scores, equalWeights(scores.length), k) }),
  "agg.hybrid": ({ rule, model, rule_confidence }, { tau }) => {
    const { source, score } = hybrid({ rule, model, ruleConfidence: rule_confidence }, tau);
    return { source, score: score ?? null };
  },
  "agg.all_true": ({ verdicts }) => ({ error_dominates: allTrue(verdicts, "error"), violation_dominates: allTrue(verdicts, "violation") }),
  "agg.cgpo": ({ r, baseline, verdict, kl }, { kl_max }) => {
    const outputs = cgpo({ rewards: r, baseline, verdicts: verdict, kl }, { klMax: kl_max, missingEosPenalty: 0 });
    const { calibrated, crpg, crpgCentred, crraft, crraftBest, codpo, positive, negative } = outputs;
    return {
      calibrated,
      crpg,
      crpg_centred: crpgCentred,
      crraft,
      crraft_best: crraftBest ?? null,
      codpo: [codpo?.chosen ?? null, codpo?.rejected ?? null],
      positive,
      negative,
    };
  },
  "agg.lagrangian": ({ mean_rewards, kl_reward }, { thresholds, lr, momentum, mu0, kind }) => {
    let state: Multipliers = { mu: numbers(mu0), velocity: new Float64Array(mu0.length) };
    const options = { thresholds, form: kind, learningRate: lr, momentum, maxGradientNorm: Infinity };
    const trace = mean_rewards.map((means: Optional[]) => {
      const lambda = lambdaOf(state.mu, kind);
      state = stepMultipliers(state, means, options);
      return { lambda, mixed_reward: mixedReward(means, kl_reward, lambda), mu_after: state.mu, velocity: state.velocity };
    });
    return { trace };
  },
  "agg.uncertainty_weight": ({ pass_a, pass_b }, { tau }) => {
    const { uncertainty, weights, rewards } = weighByAgreement(pass_a, pass_b, tau);
    return { u: uncertainty, weight: weights, weighted_reward: rewards };
  },
  "agg.inverse_variance": ({ scores, variance }, { floor }) => inverseVariance(scores, variance, floor),
  "agg.disagreement": ({ scores }) => {
    const { std, meanStd, pairConflictRate, degenerate } = disagreement(scores, 0);
    return { std, mean_std: meanStd, pair_conflict_rate: pairConflictRate, degenerate };
  },
};
