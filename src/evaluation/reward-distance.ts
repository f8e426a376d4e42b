import { type Optional, requireFinite } from "../reward/missing.ts";
import { sum } from "../reward/numerics.ts";

/** Scores of one judge, one row per prompt; null is missing. Two judges that are compared have the same rows. */
export type ScoresByPrompt = readonly (readonly Optional[])[];

/** How differently two judges order the same candidates. */
export interface RewardDistance {
  /** In [0, 1]: 0 for the same order and strength, 1 for the opposite, ½ between a constant judge and one that is not. */
  readonly distance: number;
  /** Correlation after centring, in [−1, 1]; undefined when a judge is constant. */
  readonly correlation: number | undefined;
  /** Prompts with at least two candidates that both judges scored; the others say nothing. */
  readonly prompts: number;
}

/**
 * Finite-sample STARC distance: scores less the mean of their prompt, over their L2 norm, then ½‖s₁ − s₂‖ = √((1 − ρ)/2). It does
 * not change under a positive scale or under anything that depends on the prompt alone, which is all that potential shaping adds to
 * the reward of a whole completion.
 *
 * @param a scores of one judge
 * @param b scores of another judge on the same candidates
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(candidates), pure
 * @see Skalse et al. 2023, STARC: A General Framework For Quantifying Differences Between Reward Functions, arXiv:2309.15257
 * @example starc([[1, 2, 3]], [[-1, -2, -3]]).distance // → 1
 */
export function starc(a: ScoresByPrompt, b: ScoresByPrompt): RewardDistance {
  const centred = a.map((row, p) => centredPair(row, b[p]!)).filter((pair) => pair.a.length > 1);
  const left = centred.flatMap((pair) => pair.a);
  const right = centred.flatMap((pair) => pair.b);
  return { ...distanceOf(left, right), prompts: centred.length };
}

/**
 * Pearson distance over all candidates at once, √((1 − ρ)/2), as EPIC has it after canonicalisation. Unlike `starc` it sees
 * differences between prompts.
 *
 * @param a scores of one judge
 * @param b scores of another judge on the same candidates
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(candidates), pure
 * @see Gleave et al. 2021, Quantifying Differences in Reward Functions, arXiv:2006.13900
 * @example epic([[1, 2, 4]], [[3, 5, 9]]).distance // → 0
 */
export function epic(a: ScoresByPrompt, b: ScoresByPrompt): RewardDistance {
  const pooled = centredPair(a.flat(), b.flat());
  return { ...distanceOf(pooled.a, pooled.b), prompts: a.filter((row, p) => centredPair(row, b[p]!).a.length > 1).length };
}

/** The candidates that both scored, each side less its mean. */
function centredPair(a: readonly Optional[], b: readonly Optional[]): { a: number[]; b: number[] } {
  requireFinite([...a, ...b], "a score");
  const both = a.flatMap((x, i) => (x === null || b[i] === null ? [] : [i]));
  return { a: centre(both.map((i) => a[i]!)), b: centre(both.map((i) => b[i]!)) };
}

/** Equal values give zeros exactly: what rounding would leave of them is no order, and would be scaled up to one. */
function centre(values: number[]): number[] {
  const mean = sum(values) / values.length;
  return values.every((value) => value === values[0]) ? values.map(() => 0) : values.map((value) => value - mean);
}

function distanceOf(a: readonly number[], b: readonly number[]): Pick<RewardDistance, "distance" | "correlation"> {
  const left = scaled(a);
  const right = scaled(b);
  const between = Math.sqrt(sum(left.values.map((x, i) => (x - right.values[i]!) ** 2))) / 2;
  const correlation = left.constant || right.constant ? undefined : sum(left.values.map((x, i) => x * right.values[i]!));
  return { distance: Math.min(1, between), correlation };
}

function scaled(values: readonly number[]): { readonly values: readonly number[]; readonly constant: boolean } {
  const norm = Math.sqrt(sum(values.map((value) => value * value)));
  return norm === 0 ? { values, constant: true } : { values: values.map((value) => value / norm), constant: false };
}
