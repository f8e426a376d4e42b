import type { Optional } from "../missing.ts";
import { addBatch, momentsOf, type RunningMoments } from "../welford.ts";
import { clipTo } from "./clip.ts";
import { scaleBetween } from "./group-scale.ts";
import { throughMissing } from "./through-missing.ts";

/** A batch on the scales of everything that its stream has seen, this batch included. */
export interface RunningScale {
  /** The state to carry on with. Batches of one stream must be taken one after the other, each with the state that it left. */
  readonly state: RunningMoments;
  readonly mean: number;
  readonly std: number;
  /** (s − mean) / std; divided by 1 while the stream has no spread. */
  readonly standardised: readonly Optional[];
  /** s kept within mean ± std. */
  readonly clipped: readonly Optional[];
  /** (s − min) / (max − min) of the stream; ½ while it has no range. */
  readonly minMax: readonly Optional[];
  /** The stream has no spread yet. */
  readonly degenerate: boolean;
}

/**
 * Scales a batch by running statistics of its judge: first the batch joins the statistics, then it is scaled by them.
 *
 * @param state  what the stream has seen before
 * @param scores the next batch, shape [n]; null is no part of the statistics and stays null
 * @param ddof   taken off the divisor of the variance; the published code uses 0
 * @returns the new state, and the batch on each of three scales, shape [n], same order
 * @complexity O(n), pure
 * @see Fu et al. 2025, Reward Shaping to Mitigate Reward Hacking in RLHF, arXiv:2502.18770
 * @example runningScale({ n: 0, mean: 0, squares: 0, min: Infinity, max: -Infinity }, [1, 3], 0).standardised[1] // → 1
 */
export function runningScale(state: RunningMoments, scores: readonly Optional[], ddof: number): RunningScale {
  const after = addBatch(
    state,
    scores.filter((score) => score !== null),
  );
  const { mean, std } = momentsOf(after, ddof);
  const degenerate = std === 0;
  const divisor = degenerate ? 1 : std;
  return {
    state: after,
    mean,
    std,
    standardised: throughMissing(scores, (present) => present.map((score) => (score - mean) / divisor)),
    clipped: throughMissing(scores, (present) => clipTo(present, { lo: mean - std, hi: mean + std })),
    minMax: throughMissing(scores, (present) => scaleBetween(present, after.min, after.max).scores),
    degenerate,
  };
}
