import { requireFinite } from "../reward/missing.ts";
import { sum } from "../reward/numerics.ts";
import { argMax } from "../reward/ranks.ts";

/**
 * Credit for picking the right one of several candidates: 1/t when it is among the t candidates with the highest score, else 0.
 *
 * @param scores shape [n], n ≥ 1
 * @param right  index of the right candidate
 * @returns in [0, 1]
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(n), pure
 * @see Malik et al. 2025, RewardBench 2: Advancing Reward Model Evaluation, arXiv:2506.01937
 * @example pickCredit([2, 2, 1], 0) // → 0.5
 */
export function pickCredit(scores: readonly number[], right: number): number {
  requireFinite(scores, "a score");
  const top = scores[argMax(scores)]!;
  return scores[right] === top ? 1 / scores.filter((score) => score === top).length : 0;
}

/** Candidates of one prompt, scored by the judge under test and by what is taken for the truth. Shapes [n], n ≥ 1. */
export interface ScoredGroup {
  readonly proxy: readonly number[];
  readonly gold: readonly number[];
}

/** What a judge's picks are worth, in gold, on average over the prompts. */
export interface Selection {
  /** Gold of the candidate with the highest proxy, the lowest index among equals. */
  readonly picked: number;
  /** Highest gold of the group. */
  readonly oracle: number;
  /** Mean gold of the group. */
  readonly random: number;
  /** oracle − picked, ≥ 0. */
  readonly regret: number;
  /** (picked − random)/(oracle − random), ≤ 1; undefined when nothing could be gained. */
  readonly recovery: number | undefined;
}

/**
 * Best-of-n selection by a proxy, measured in gold.
 *
 * @param groups one per prompt, at least one
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(candidates), pure
 * @example selectBest([{ proxy: [1, 0], gold: [1, 0] }]).recovery // → 1
 */
export function selectBest(groups: readonly ScoredGroup[]): Selection {
  for (const { proxy, gold } of groups) requireFinite([...proxy, ...gold], "a score");
  const over = (value: (group: ScoredGroup) => number) => sum(groups.map(value)) / groups.length;
  const picked = over(({ proxy, gold }) => gold[argMax(proxy)]!);
  const oracle = over(({ gold }) => gold[argMax(gold)]!);
  const random = over(({ gold }) => sum(gold) / gold.length);
  const recovery = oracle === random ? undefined : (picked - random) / (oracle - random);
  return { picked, oracle, random, regret: oracle - picked, recovery };
}

/**
 * Upper bound of the KL divergence of best-of-n from the policy that it samples: ln n − (n − 1)/n.
 *
 * @param n samples, ≥ 1
 * @returns nats, ≥ 0
 * @complexity O(1), pure
 * @see Gao et al. 2022, Scaling Laws for Reward Model Overoptimization, arXiv:2210.10760
 * @example bestOfNKl(1) // → 0
 */
export function bestOfNKl(n: number): number {
  return Math.log(n) - (n - 1) / n;
}

/** Expected scores of the best of n by proxy. */
export interface BestOfN {
  readonly proxy: number;
  readonly gold: number;
}

/**
 * Expected proxy and gold of the best of n out of N scored samples, over all choices of n without replacement: with samples in
 * ascending order of proxy, Σ_i C(i − 1, n − 1)/C(N, n)·value(i). Samples with equal proxy share their mean gold, so that the order of
 * the samples does not matter. Weights come by recursion from the top, n/N times (i − n)/(i − 1), and never overflow.
 *
 * @param group scores of N samples of one prompt
 * @param n     in [1, N]
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(N log N), pure
 * @see Nakano et al. 2021, WebGPT: Browser-assisted Question-answering with Human Feedback, arXiv:2112.09332
 * @example bestOfN({ proxy: [1, 2], gold: [5, 3] }, 2).gold // → 3
 */
export function bestOfN({ proxy, gold }: ScoredGroup, n: number): BestOfN {
  requireFinite([...proxy, ...gold], "a score");
  const size = proxy.length;
  const order = proxy.map((_, i) => i).sort((i, j) => proxy[i]! - proxy[j]!);
  const weights = new Float64Array(size);
  weights[size - 1] = n / size;
  for (let i = size - 1; i > 0; i--) weights[i - 1] = (weights[i]! * Math.max(0, i + 1 - n)) / i;
  const shared = new Float64Array(size);
  for (let start = 0, end = 0; start < size; start = end) {
    while (end < size && proxy[order[end]!] === proxy[order[start]!]) end++;
    const mean = sum(order.slice(start, end).map((i) => gold[i]!)) / (end - start);
    shared.fill(mean, start, end);
  }
  return {
    proxy: sum(weights.map((weight, place) => weight * proxy[order[place]!]!)),
    gold: sum(weights.map((weight, place) => weight * shared[place]!)),
  };
}
