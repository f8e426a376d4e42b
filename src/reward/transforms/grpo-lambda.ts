import { GatewayError } from "../../domain/errors.ts";
import type { Optional } from "../missing.ts";
import { moments } from "../moments.ts";
import { sigmoid, sum } from "../numerics.ts";
import { requireLengths } from "./length.ts";

/** When and how much short answers earn more. */
export interface LengthSwitch {
  /** Share of the batch's groups that may be rewarded for brevity, in [0, 1]; at least one group is tried. */
  readonly lambda: number;
  /** What length can cost a right answer, in [0, 1]. */
  readonly alpha: number;
  /** Least standard deviation of lengths to divide by, > 0. */
  readonly stdFloor: number;
  /** What an answer of unknown correctness is: wrong, or left out with a reward of null. */
  readonly unknown: "wrong" | "mask";
}

export interface SwitchedRewards {
  /** Share of right answers per group; NaN where every answer is left out. */
  readonly ratio: Float64Array;
  /** Groups whose right answers are rewarded for brevity, ascending. */
  readonly efficiencyGroups: readonly number[];
  readonly rewards: readonly (readonly Optional[])[];
}

/**
 * GRPO-λ: groups that answer well are rewarded for brevity, the others only for being right. Of B groups the best ⌈λB⌉ by
 * share of right answers, if they have any, give each right answer 1 − α · σ((L − μ) / max(σ_L, floor)) with mean and
 * deviation (n) of the lengths of their right answers; everything else is 1 for right and 0 for wrong.
 *
 * @param correct 1 or 0, shape [B][N], of the whole batch; null is unknown
 * @param lengths shape [B][N]
 * @param options λ, α, floor and what unknown means
 * @returns shares, the groups that were switched, and rewards in [0, 1], shape [B][N]
 * @throws {GatewayError} REQUEST_INVALID when a length is missing in a group that needs it, or a value is neither 0 nor 1
 * @complexity O(B·N + B log B), pure
 * @see Dai et al. 2025, Stable Reinforcement Learning for Efficient Reasoning, arXiv:2505.18086
 * @example switchLengthReward([[1, 0]], [[5, 5]], { lambda: 1, alpha: 0.6, stdFloor: 1e-4, unknown: "mask" }).rewards[0]?.[0] // → 0.7
 */
export function switchLengthReward(
  correct: readonly (readonly Optional[])[],
  lengths: readonly (readonly Optional[])[],
  { lambda, alpha, stdFloor, unknown }: LengthSwitch,
): SwitchedRewards {
  const judged = correct.map((group) => group.map((value) => judgedAs(value, unknown)));
  const ratio = Float64Array.from(judged, (group) => {
    const known = group.filter((value) => value !== null);
    return sum(known) / known.length;
  });
  // The product may land a rounding above a whole number, which is not one group more.
  const count = Math.max(1, Math.ceil(lambda * judged.length - 1e-9));
  const efficiencyGroups = [...judged.keys()]
    .filter((b) => !Number.isNaN(ratio[b]))
    .sort((a, b) => ratio[b]! - ratio[a]! || a - b)
    .slice(0, count)
    .filter((b) => ratio[b]! > 0)
    .sort((a, b) => a - b);
  const rewards = judged.map((group, b) =>
    efficiencyGroups.includes(b) ? brief(group, lengths[b]!, { alpha, stdFloor }) : (group as readonly Optional[]),
  );
  return { ratio, efficiencyGroups, rewards };
}

function judgedAs(value: Optional, unknown: LengthSwitch["unknown"]): Optional {
  if (value === 0 || value === 1) return value;
  if (value === null) return unknown === "wrong" ? 0 : null;
  throw new GatewayError("REQUEST_INVALID", `a correctness is ${value}: it is 1, 0 or unknown`);
}

function brief(group: readonly Optional[], lengths: readonly Optional[], how: Pick<LengthSwitch, "alpha" | "stdFloor">): Optional[] {
  const right = group.flatMap((value, i) => (value === 1 ? [i] : []));
  const known = requireLengths(right.map((i) => lengths[i] ?? null));
  const { mean, std } = moments(known, 0);
  const rewards = [...group];
  for (const [place, i] of right.entries()) {
    rewards[i] = 1 - how.alpha * sigmoid((known[place]! - mean) / Math.max(std, how.stdFloor));
  }
  return rewards;
}
