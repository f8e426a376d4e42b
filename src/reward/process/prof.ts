import { GatewayError } from "../../domain/errors.ts";
import { type Optional, requireFinite } from "../missing.ts";
import { sum } from "../numerics.ts";
import { argMin } from "../ranks.ts";

/** Step scores of a rollout and whether its answer is right. */
export interface Rollout {
  /** Probabilities that each step is right, in [0, 1], shape [H]; null when there is none. */
  readonly steps: readonly number[] | null;
  readonly correct: boolean;
}

/** What a consistency score holds against very short and very long rollouts. */
export interface ConsistencyOptions {
  /** Subtracted outside the bounds, ≥ 0; 10 is usual. */
  readonly lambda: number;
  /** Fewest steps without the penalty. */
  readonly minSteps: number;
  /** Most steps without the penalty. */
  readonly maxSteps: number;
  /**
   * `signed`: the penalty is subtracted from right and wrong rollouts alike. `bracketed`, as the paper prints it: inside the
   * bracket that the outcome multiplies, so that it is a bonus for wrong ones.
   */
  readonly form: "signed" | "bracketed";
  /** Subtracted from step scores before they are averaged: the mean over the batch's steps, or nothing. */
  readonly centre: "batchMean" | "none";
}

/**
 * How far process and outcome agree: with o = 1 for a right rollout and −1 for a wrong one, `signed` is
 * o·mean_h(2(p_h − p̄)) − λ·[H out of bounds], `bracketed` is o·(mean_h(p_h − p̄) − λ·[H out of bounds]); p̄ is the mean over all
 * steps of the batch, or 0 without centring.
 *
 * @param rollouts of one batch
 * @returns one score per rollout; null without steps, for the filter to remove first
 * @throws {GatewayError} SCORE_NOT_FINITE when a step score is NaN or infinite
 * @complexity O(steps of the batch), pure
 * @see Ye et al. 2025, Beyond Correctness: Harmonizing Process and Outcome Rewards through RL Training, arXiv:2509.03403
 * @example consistencyScores([{ steps: [0.5], correct: true }], { lambda: 10, minSteps: 2, maxSteps: 30, form: "signed", centre: "batchMean" })[0] // → -10
 */
export function consistencyScores(rollouts: readonly Rollout[], options: ConsistencyOptions): Optional[] {
  const { lambda, minSteps, maxSteps, form, centre } = options;
  const all = rollouts.flatMap(({ steps }) => steps ?? []);
  requireFinite(all, "a step score");
  const shift = centre === "batchMean" && all.length > 0 ? sum(all) / all.length : 0;
  return rollouts.map(({ steps, correct }) => {
    if (steps === null || steps.length === 0) return null;
    const mean = sum(steps) / steps.length - shift;
    const sign = correct ? 1 : -1;
    const penalty = steps.length < minSteps || steps.length > maxSteps ? lambda : 0;
    return form === "signed" ? 2 * mean * sign - penalty : (mean - penalty) * sign;
  });
}

/** What is kept of a batch. Nothing is deleted here: a trainer does as it likes with the indices. */
export interface FilteredRollouts {
  /** Right rollouts less wrong ones, before. */
  readonly delta: number;
  /** How many right ones go. */
  readonly positivesRemoved: number;
  /** Ascending. */
  readonly remove: readonly number[];
  /** Ascending. */
  readonly keep: readonly number[];
}

/** How many rollouts go and how the wrong ones among them are chosen. */
export interface FilterOptions {
  /** Rollouts that are removed, ≥ 0; 4 of 12 is usual. */
  readonly count: number;
  /** Which of n remaining wrong rollouts goes next, in [0, n), for a choice at random; without it, the least consistent one. */
  readonly pickWrong?: (n: number) => number;
}

/**
 * Removes the least consistent rollouts of a batch and leaves right and wrong ones as balanced as it can: of n that go,
 * min(n, max(0, (Δ + n)/2)) are right ones, rounded half to even and bounded by how many there are of each. A rollout without a
 * score goes first, and equal scores go by the lowest index.
 *
 * @param scores   consistency of each rollout, shape [m]; null is missing
 * @param outcomes whether each is right, shape [m]
 * @throws {GatewayError} REQUEST_INVALID when nothing would be kept; SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(m·n), pure
 * @see Ye et al. 2025, Beyond Correctness: Harmonizing Process and Outcome Rewards through RL Training, arXiv:2509.03403
 * @example filterRollouts([0.5, 0.1, 0.9], [true, true, false], { count: 1 }).remove[0] // → 1
 */
export function filterRollouts(scores: readonly Optional[], outcomes: readonly boolean[], options: FilterOptions): FilteredRollouts {
  const { count, pickWrong } = options;
  requireFinite(scores, "a consistency score");
  if (count >= scores.length) {
    throw new GatewayError("REQUEST_INVALID", `removing ${count} of ${scores.length} rollouts keeps none: remove fewer, or sample more`);
  }
  const right = scores.flatMap((_, i) => (outcomes[i] ? [i] : []));
  const wrong = scores.flatMap((_, i) => (outcomes[i] ? [] : [i]));
  const delta = right.length - wrong.length;
  const wanted = Math.min(count, Math.max(0, halfEven((delta + count) / 2)));
  const positivesRemoved = Math.min(right.length, Math.max(wanted, count - wrong.length));
  const remove = new Set<number>();
  for (let n = 0; n < positivesRemoved; n++) remove.add(takeLeast(right, scores));
  while (remove.size < count) remove.add(pickWrong ? wrong.splice(pickWrong(wrong.length), 1)[0]! : takeLeast(wrong, scores));
  const all = scores.map((_, i) => i);
  return { delta, positivesRemoved, remove: all.filter((i) => remove.has(i)), keep: all.filter((i) => !remove.has(i)) };
}

/** Takes the rollout with the least score out of the list. */
function takeLeast(indices: number[], scores: readonly Optional[]): number {
  const place = argMin(indices.map((i) => scores[i] ?? -Infinity));
  return indices.splice(place, 1)[0]!;
}

/** Nearest integer; halves go to the even one. */
function halfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
