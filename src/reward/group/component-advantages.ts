import type { Optional } from "../missing.ts";
import { moments } from "../moments.ts";
import { sum } from "../numerics.ts";
import { divisorOf, standardiseGroup } from "./advantages.ts";
import type { GroupConvention } from "./conventions.ts";

/** Advantages of the candidates of one prompt, out of several rewards that were standardised apart. */
export interface ComponentAdvantages {
  /** Σ_k w[k] · components[k][i], shape [N]; a component that is missing adds nothing. */
  readonly advantages: Float64Array;
  /** Each reward's own advantages, shape [K][N]. */
  readonly components: readonly Float64Array[];
  /** Per reward: every candidate has the same one, so it adds nothing. */
  readonly zeroStd: readonly boolean[];
  /** Candidates without any of the rewards. */
  readonly masked: readonly boolean[];
}

/**
 * Standardises each reward within the group before they are summed: A[i] = Σ_k w[k] · (r[i][k] − mean_k) / (std_k + ε). After a
 * sum two groups that differ in more than one reward look alike; before it they do not, and no reward drowns another.
 *
 * @param rewards    of one prompt, shape [N][K]; null is missing
 * @param weights    w, shape [K]
 * @param convention of each reward's standardisation
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(N·K), pure
 * @see Zhu, Su and Liu 2026, Can Textual Reasoning Improve the Performance of MLLMs on Fine-grained Visual Classification?,
 *   arXiv:2601.06993
 * @example standardiseThenSum([[1, 5], [0, 5]], [1, 1], { epsilon: 0, epsilonIn: "std", ddof: 0, single: "zero", missing: "ignore" }).advantages[0] // → 1
 */
export function standardiseThenSum(
  rewards: readonly (readonly Optional[])[],
  weights: readonly number[],
  convention: GroupConvention,
): ComponentAdvantages {
  // A reward that one of several candidates has alone compares with nothing; as it is, it would drown the others.
  const isLone = rewards.filter((ofCandidate) => ofCandidate.some((reward) => reward !== null)).length < 2;
  const own = isLone ? convention : { ...convention, single: "zero" as const };
  const parts = weights.map((_, k) =>
    standardiseGroup(
      rewards.map((ofCandidate) => ofCandidate[k]!),
      own,
    ),
  );
  return {
    advantages: Float64Array.from(rewards, (_, i) => sum(weights.map((w, k) => w * parts[k]!.advantages[i]!))),
    components: parts.map((part) => part.advantages),
    zeroStd: parts.map((part) => part.zeroStd),
    masked: rewards.map((_, i) => parts.every((part) => part.masked[i])),
  };
}

/** Where the statistics of the last step come from. */
export type BatchStatistics = "batch" | { readonly mean: number; readonly std: number };

export interface DecoupledAdvantages {
  /** Shape [G][N_g]; 0 where masked. */
  readonly advantages: readonly Float64Array[];
  /** Before the last step, with the components that clients standardise further. */
  readonly groups: readonly ComponentAdvantages[];
}

/**
 * GDPO: rewards are standardised within their group and summed, and the sums of several rewards are standardised once more
 * over all groups of the batch, so that their size does not grow with the number of rewards.
 *
 * @param rewards    of the whole batch, shape [G][N_g][K]; null is missing
 * @param weights    w, shape [K]; with one reward there is no second step
 * @param convention of both steps, and the statistics of the second: `batch` needs all groups in one call
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(ΣN·K), pure
 * @see Liu et al. 2026, GDPO: Group reward-Decoupled Normalization Policy Optimization for Multi-reward RL Optimization, arXiv:2601.05242
 * @example decoupledAdvantages([[[1], [0]]], [2], { epsilon: 0, epsilonIn: "std", ddof: 0, single: "zero", missing: "ignore", batch: "batch" }).advantages[0]?.[0] // → 2
 */
export function decoupledAdvantages(
  rewards: readonly (readonly (readonly Optional[])[])[],
  weights: readonly number[],
  convention: GroupConvention & { readonly batch: BatchStatistics },
): DecoupledAdvantages {
  const groups = rewards.map((group) => standardiseThenSum(group, weights, convention));
  if (weights.length < 2) return { advantages: groups.map(({ advantages }) => advantages), groups };
  const counted = groups.flatMap(({ advantages, masked }) => [...advantages.filter((_, i) => !masked[i])]);
  const { mean, std, variance } = convention.batch === "batch" ? moments(counted, convention.ddof) : given(convention.batch);
  const divisor = divisorOf({ std, variance }, convention);
  const advantages = groups.map((group) => group.advantages.map((sum, i) => (group.masked[i] ? 0 : (sum - mean) / divisor)));
  return { advantages, groups };
}

function given({ mean, std }: { readonly mean: number; readonly std: number }) {
  return { mean, std, variance: std * std };
}
