import { requireFinite } from "../missing.ts";
import { sigmoid, sum } from "../numerics.ts";
import type { ConstraintVerdict } from "./all-true.ts";

/** A group of candidates of one prompt under constraints. */
export interface ConstrainedGroup {
  /** Rewards of the candidates, logits, shape [N]. */
  readonly rewards: readonly number[];
  /** Reward of the baseline completion under the same judge, logits. */
  readonly baseline: number;
  /** Joint verdict of the constraint judges, shape [N]; anything but 1 counts as not satisfied. */
  readonly verdicts: readonly ConstraintVerdict[];
  /** KL divergence of each candidate from the reference policy, nats, shape [N]. */
  readonly kl: readonly number[];
  /** Whether generation was cut off before its end, shape [N]; none when left out. */
  readonly truncated?: readonly boolean[];
  /** Verdict on the baseline completion, for the fallback of CRRAFT. */
  readonly baselineVerdict?: ConstraintVerdict;
}

/** Bounds of one task; each task has its own. */
export interface CgpoOptions {
  /** KL divergence from which a candidate gets no reward, nats, > 0. */
  readonly klMax: number;
  /** Taken off the reward of a truncated candidate, logits, ≥ 0. */
  readonly missingEosPenalty: number;
}

/** What each of the three optimisers needs. Indices are places in the group. */
export interface CgpoOutputs {
  /** R[i] = σ(reward − baseline), the probability of beating the baseline, shape [N]. */
  readonly calibrated: Float64Array;
  /** CRPG: R·max(0, 1 − KL/KLmax) where satisfied, else 0, shape [N]. */
  readonly crpg: Float64Array;
  /** CRPG less the mean of the group, shape [N]. */
  readonly crpgCentred: Float64Array;
  /** CRRAFT: R where satisfied and KL ≤ KLmax, else 0, shape [N]. */
  readonly crraft: Float64Array;
  /** The candidate that CRRAFT trains on; undefined when none qualifies. */
  readonly crraftBest: number | undefined;
  /** Weight of the baseline completion in CRRAFT: ½ when no candidate qualifies and the baseline satisfies the constraints, else 0. */
  readonly baselineWeight: number;
  /** CODPO: a satisfied and a violating candidate; undefined where there is no such pair. */
  readonly codpo: { readonly chosen: number; readonly rejected: number } | undefined;
  /** Satisfied candidates, ascending. */
  readonly positive: readonly number[];
  /** The others, ascending. They never enter the mean reward of the run. */
  readonly negative: readonly number[];
}

/**
 * Constrained generative policy optimisation: the inputs of its three optimisers for one prompt. Candidates that do not
 * satisfy the constraints are left out by index; a factor of 0 would make them the best wherever rewards are negative.
 *
 * CODPO takes the highest reward among satisfied against the lowest among violating ones, or the lowest of all when none
 * violates. Without a satisfied candidate, or without a second one, there is no pair. Ties go to the lowest index.
 *
 * @returns the outputs; with no satisfied candidate every reward is 0 and the prompt is best skipped
 * @throws {GatewayError} SCORE_NOT_FINITE when a reward, the baseline or a divergence is NaN or infinite
 * @complexity O(N), pure
 * @see Xu et al. 2024, The Perfect Blend: Redefining RLHF with Mixture of Judges, arXiv:2409.20370
 * @example cgpo({ rewards: [0, 3], baseline: 0, verdicts: [1, 0], kl: [0, 0] }, { klMax: 10, missingEosPenalty: 0 }).crpg[0] // → 0.5
 */
export function cgpo(group: ConstrainedGroup, { klMax, missingEosPenalty }: CgpoOptions): CgpoOutputs {
  const { rewards, baseline, verdicts, kl, truncated } = group;
  requireFinite([...rewards, baseline, ...kl], "a reward or a divergence");
  const calibrated = Float64Array.from(rewards, (r, i) => sigmoid(r - (truncated?.[i] ? missingEosPenalty : 0) - baseline));
  const all = rewards.map((_, i) => i);
  const positive = all.filter((i) => verdicts[i] === 1);
  const negative = all.filter((i) => verdicts[i] !== 1);
  const eligible = positive.filter((i) => kl[i]! <= klMax);

  const crpg = new Float64Array(rewards.length);
  for (const i of positive) crpg[i] = calibrated[i]! * Math.max(0, 1 - kl[i]! / klMax);
  const mean = sum(crpg) / crpg.length;
  const crraft = new Float64Array(rewards.length);
  for (const i of eligible) crraft[i] = calibrated[i]!;

  const chosen = bestOf(positive, (i) => calibrated[i]!);
  const rejected = bestOf(negative.length > 0 ? negative : all, (i) => -calibrated[i]!);
  const pair = chosen !== undefined && rejected !== undefined && chosen !== rejected;
  return {
    calibrated,
    crpg,
    crpgCentred: crpg.map((value) => value - mean),
    crraft,
    crraftBest: bestOf(eligible, (i) => calibrated[i]!),
    baselineWeight: eligible.length === 0 && group.baselineVerdict === 1 ? 0.5 : 0,
    codpo: pair ? { chosen, rejected } : undefined,
    positive,
    negative,
  };
}

function bestOf(indices: readonly number[], score: (i: number) => number): number | undefined {
  let best: number | undefined;
  for (const i of indices) if (best === undefined || score(i) > score(best)) best = i;
  return best;
}
