import { type Optional, requireFinite } from "../missing.ts";
import { type Moments, moments } from "../moments.ts";
import { sum } from "../numerics.ts";
import type { GroupConvention } from "./conventions.ts";

/** Advantages of the candidates of one prompt. */
export interface GroupAdvantages {
  /** Shape [N], request order; 0 where masked. */
  readonly advantages: Float64Array;
  /** Candidates without a reward, which a trainer should drop. */
  readonly masked: readonly boolean[];
  /** Every reward is the same: the prompt teaches nothing. False where no candidate has a reward. */
  readonly zeroStd: boolean;
}

/**
 * Group-relative advantages: A[i] = (r[i] − mean) / (std + ε) over the candidates of one prompt.
 *
 * @param rewards    shape [N]; null is missing
 * @param convention ε, divisor of the variance, and what one candidate and a missing reward mean
 * @returns advantages; all 0 and `zeroStd` where every reward is the same
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(N), pure
 * @see Shao et al. 2024, DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models, arXiv:2402.03300
 * @example standardiseGroup([1, 3, 2], { epsilon: 0, epsilonIn: "std", ddof: 1, single: "zero", missing: "ignore" }).advantages[1] // → 1
 */
export function standardiseGroup(rewards: readonly Optional[], convention: GroupConvention): GroupAdvantages {
  const group = scored(rewards, convention.missing);
  if (group.there.length === 1 && convention.single === "raw") return { ...place(group, group.values), zeroStd: false };
  const { mean, ...spread } = moments(group.values, convention.ddof);
  const divisor = divisorOf(spread, convention);
  return place(
    group,
    group.values.map((reward) => (reward - mean) / divisor),
  );
}

/**
 * Advantages without a divisor: A[i] = r[i] − mean, so that easy and hard prompts keep their weight.
 *
 * @param rewards shape [N]; null is missing
 * @param missing what a null is
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(N), pure
 * @see Liu et al. 2025, Understanding R1-Zero-Like Training: A Critical Perspective, arXiv:2503.20783
 * @example centreGroup([1, 3], "ignore").advantages[1] // → 1
 */
export function centreGroup(rewards: readonly Optional[], missing: GroupConvention["missing"]): GroupAdvantages {
  const group = scored(rewards, missing);
  const mean = sum(group.values) / group.values.length;
  return place(
    group,
    group.values.map((reward) => reward - mean),
  );
}

/**
 * Advantages with the mean of the group and the standard deviation of the whole batch: A[g][i] = (r[g][i] − mean_g) / (std + ε).
 *
 * @param groups     rewards of each prompt, shape [G][N_g]; null is missing
 * @param convention ε, divisor of the variance, and what a missing reward means; one candidate is 0 here
 * @returns one entry per group, same order
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(ΣN), pure
 * @see Liu et al. 2025, Part I: Tricks or Traps? A Deep Dive into RL for LLM Reasoning, arXiv:2508.08221
 * @example standardiseOverBatch([[0, 2]], { epsilon: 0, epsilonIn: "std", ddof: 0, single: "zero", missing: "ignore" })[0]?.advantages[1] // → 1
 */
export function standardiseOverBatch(groups: readonly (readonly Optional[])[], convention: GroupConvention): GroupAdvantages[] {
  const all = groups.map((group) => scored(group, convention.missing));
  const spread = moments(Float64Array.from(all.flatMap((group) => [...group.values])), convention.ddof);
  const divisor = divisorOf(spread, convention);
  return all.map((group) => {
    const mean = sum(group.values) / group.values.length;
    return place(
      group,
      group.values.map((reward) => (reward - mean) / divisor),
    );
  });
}

/**
 * Leave-one-out advantages: A[i] = r[i] − mean of the other candidates' rewards.
 *
 * @param rewards shape [N]; null is missing and no one's baseline
 * @returns 0 for all where fewer than two candidates have a reward
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(N), pure
 * @see Ahmadian et al. 2024, Back to Basics: Revisiting REINFORCE Style Optimization for Learning from Human Feedback, arXiv:2402.14740
 * @example leaveOneOut([1, 0]).advantages[0] // → 1
 */
export function leaveOneOut(rewards: readonly Optional[]): GroupAdvantages {
  const group = scored(rewards, "ignore");
  const n = group.values.length;
  const total = sum(group.values);
  return place(
    group,
    group.values.map((reward) => (n < 2 ? 0 : reward - (total - reward) / (n - 1))),
  );
}

/**
 * Advantages over the baseline of least variance under on-policy sampling: A[i] = r[i] − Σ L r / Σ L, where long completions
 * weigh more.
 *
 * @param rewards shape [N]; null is missing
 * @param lengths tokens, ≥ 0, shape [N]; where all are 0 the baseline is the mean
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(N), pure
 * @see Hao et al. 2025, On-Policy RL with Optimal Reward Baseline, arXiv:2505.23585
 * @example lengthWeightedBaseline([1, 0], [1, 3]).advantages[0] // → 0.75
 */
export function lengthWeightedBaseline(rewards: readonly Optional[], lengths: readonly number[]): GroupAdvantages {
  const group = scored(rewards, "ignore");
  const weights = Float64Array.from(group.there, (i) => lengths[i]!);
  requireFinite(weights, "a length");
  const mass = sum(weights);
  const baseline =
    mass > 0 ? sum(group.values.map((reward, at) => (weights[at]! * reward) / mass)) : sum(group.values) / group.values.length;
  return place(
    group,
    group.values.map((reward) => reward - baseline),
  );
}

/** The rewards of a group that are there, and where. */
interface Scored {
  readonly values: Float64Array;
  readonly there: readonly number[];
  readonly masked: readonly boolean[];
}

function scored(rewards: readonly Optional[], missing: GroupConvention["missing"]): Scored {
  requireFinite(rewards, "a reward");
  const filled = missing === "zero" ? rewards.map((reward) => reward ?? 0) : rewards;
  const there = filled.flatMap((reward, i) => (reward === null ? [] : [i]));
  return { values: Float64Array.from(there, (i) => filled[i]!), there, masked: filled.map((reward) => reward === null) };
}

/** Advantages back in the places of their candidates; exact zeros where rounding would leave a trace of a constant group. */
function place({ values, there, masked }: Scored, advantages: Float64Array): GroupAdvantages {
  const zeroStd = values.length > 0 && values.every((reward) => reward === values[0]);
  const placed = new Float64Array(masked.length);
  if (!zeroStd || values.length === 1) for (const [at, i] of there.entries()) placed[i] = advantages[at]!;
  return { advantages: placed, masked, zeroStd };
}

/** Never 0: where there is no spread and no ε, the distance from the mean is 0 as well. */
export function divisorOf({ std, variance }: Pick<Moments, "std" | "variance">, { epsilon, epsilonIn }: GroupConvention): number {
  return (epsilonIn === "std" ? std + epsilon : Math.sqrt(variance + epsilon)) || 1;
}
