import { GatewayError } from "../domain/errors.ts";
import { type Optional, requireFinite } from "../reward/missing.ts";
import { quantileSorted, sum } from "../reward/numerics.ts";

/** How a population stability index is taken. */
export interface StabilityOptions {
  /** Bins of equal share of the reference, ≥ 1; 10 is usual. */
  readonly bins: number;
  /** Least share of a bin, > 0, so that an empty one stays finite; 1e-4 is usual. */
  readonly floor: number;
  /** Fewest scores on either side; 50 for one to mean anything, 500 for one to be trusted. */
  readonly minCount: number;
}

/** Bins of equal share of a reference, to hold later scores against. */
export interface StabilityBins {
  /** Inner bounds, shape [bins − 1]; a score on a bound belongs to the bin below it. */
  readonly edges: readonly number[];
  /** Share of the reference in each bin, floored, shape [bins]. */
  readonly expected: Float64Array;
  /** The reference is constant: it has one bin, and every index is 0 by convention. */
  readonly degenerate: boolean;
  readonly options: StabilityOptions;
}

/** How far a distribution has moved. Below 0.1 is usually called stable, above 0.25 a reason to act. */
export interface Stability extends Omit<StabilityBins, "options"> {
  readonly psi: number;
  /** Share of the current scores in each bin, floored, shape [bins]. */
  readonly actual: Float64Array;
}

/**
 * Population stability index over quantile bins of a reference: Σ_b (actual[b] − expected[b])·ln(actual[b]/expected[b]).
 *
 * @param reference scores from when all was well, any order; null is missing and left out
 * @param current   scores of now
 * @throws {GatewayError} REQUEST_INVALID when a side has fewer than `minCount` scores; SCORE_NOT_FINITE when one is NaN or infinite
 * @complexity O(n log n), pure
 * @example psi([1, 2, 3], [3, 2, 1], { bins: 2, floor: 1e-4, minCount: 3 }).psi // → 0
 */
export function psi(reference: readonly Optional[], current: readonly Optional[], options: StabilityOptions): Stability {
  return stabilityIn(stabilityBins(reference, options), current);
}

/**
 * The reference's side of a population stability index, for a reference that many windows are held against.
 *
 * @param reference scores from when all was well, any order; null is missing and left out
 * @throws {GatewayError} REQUEST_INVALID when it has fewer than `minCount` scores; SCORE_NOT_FINITE when one is NaN or infinite
 * @complexity O(n log n), pure
 * @example stabilityBins([1, 2, 3], { bins: 2, floor: 1e-4, minCount: 3 }).edges[0] // → 2
 */
export function stabilityBins(reference: readonly Optional[], options: StabilityOptions): StabilityBins {
  const { bins, floor, minCount } = options;
  const before = enough(reference, "the reference", minCount).sort((x, y) => x - y);
  const edges = Array.from({ length: bins - 1 }, (_, b) => quantileSorted(before, (b + 1) / bins));
  return { edges, expected: sharesOf(before, edges, floor), degenerate: before[0] === before.at(-1), options };
}

/**
 * The current side of a population stability index.
 *
 * @param current scores of now, any order; null is missing and left out
 * @throws {GatewayError} REQUEST_INVALID when there are fewer than `minCount`; SCORE_NOT_FINITE when one is NaN or infinite
 * @complexity O(n log bins), pure
 * @example stabilityIn(stabilityBins([1, 2, 3], { bins: 2, floor: 1e-4, minCount: 3 }), [1, 2, 3]).psi // → 0
 */
export function stabilityIn({ edges, expected, degenerate, options }: StabilityBins, current: readonly Optional[]): Stability {
  const now = enough(current, "the current window", options.minCount);
  const actual = sharesOf(now, edges, options.floor);
  const moved = sum(actual.map((share, b) => (share - expected[b]!) * Math.log(share / expected[b]!)));
  return { psi: degenerate ? 0 : moved, edges, expected, actual, degenerate };
}

function sharesOf(scores: readonly number[], edges: readonly number[], floor: number): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  for (const score of scores) counts[edgesBelow(edges, score)]!++;
  return counts.map((count) => Math.max(count / scores.length, floor));
}

/** How many of the ascending edges lie below a score. */
function edgesBelow(edges: readonly number[], score: number): number {
  let low = 0;
  for (let high = edges.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (edges[middle]! < score) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A two-sample test. */
export interface KolmogorovSmirnov {
  /** Largest distance between the two empirical distributions, in [0, 1]. */
  readonly d: number;
  /** Probability of at least this distance if both come from one distribution, asymptotic with Stephens' correction. */
  readonly p: number;
}

/**
 * Two-sample Kolmogorov–Smirnov test.
 *
 * @param a        any order; null is missing and left out
 * @param b        any order
 * @param minCount fewest scores on either side, ≥ 1
 * @throws {GatewayError} REQUEST_INVALID when a side has fewer than `minCount` scores; SCORE_NOT_FINITE when one is NaN or infinite
 * @complexity O(n log n), pure
 * @see Stephens 1970, Use of the Kolmogorov–Smirnov, Cramér–von Mises and Related Statistics Without Extensive Tables
 * @example kolmogorovSmirnov([1, 2], [3, 4], 1).d // → 1
 */
export function kolmogorovSmirnov(a: readonly Optional[], b: readonly Optional[], minCount: number): KolmogorovSmirnov {
  const left = enough(a, "one side", minCount).sort((x, y) => x - y);
  const right = enough(b, "the other side", minCount).sort((x, y) => x - y);
  let d = 0;
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const x = Math.min(left[i]!, right[j]!);
    while (i < left.length && left[i] === x) i++;
    while (j < right.length && right[j] === x) j++;
    d = Math.max(d, Math.abs(i / left.length - j / right.length));
  }
  const root = Math.sqrt((left.length * right.length) / (left.length + right.length));
  return { d, p: kolmogorovTail((root + 0.12 + 0.11 / root) * d) };
}

/** 2·Σ_k (−1)^(k−1)·e^(−2k²x²), the upper tail of Kolmogorov's distribution. */
function kolmogorovTail(x: number): number {
  // Below this the tail is 1 to all digits, and the alternating series would need ever more terms.
  if (x < 0.2) return 1;
  let total = 0;
  for (let k = 1; k <= 100; k++) {
    const term = Math.exp(-2 * k * k * x * x);
    total += k % 2 === 1 ? term : -term;
    if (term < 1e-18) break;
  }
  return Math.min(1, Math.max(0, 2 * total));
}

/** A distance between two distributions over the same things. */
export interface Divergence {
  /** Jensen–Shannon divergence, nats, in [0, ln 2]. */
  readonly nats: number;
  /** As a share of ln 2, in [0, 1]. */
  readonly share: number;
}

/**
 * Drift of a mean gating or of route shares: Jensen–Shannon divergence, H((p + q)/2) − (H(p) + H(q))/2.
 *
 * @param baseline shares, shape [K], ≥ 0; scaled to a total of 1
 * @param current  shares, shape [K], ≥ 0
 * @throws {GatewayError} REQUEST_INVALID when a side has no positive total
 * @complexity O(K), pure
 * @see Lin 1991, Divergence Measures Based on the Shannon Entropy
 * @example gatingDrift([1, 0], [0, 1]).share // → 1
 */
export function gatingDrift(baseline: readonly number[], current: readonly number[]): Divergence {
  const p = distribution(baseline);
  const q = distribution(current);
  const terms = p.flatMap((share, k) => {
    const mean = (share + q[k]!) / 2;
    return [share, q[k]!].map((x) => (x === 0 ? 0 : (x / 2) * Math.log(x / mean)));
  });
  const nats = Math.min(Math.LN2, Math.max(0, sum(terms)));
  return { nats, share: nats / Math.LN2 };
}

function distribution(shares: readonly number[]): number[] {
  const total = sum(shares);
  if (!(total > 0 && total < Infinity && shares.every((share) => share >= 0))) {
    throw new GatewayError("REQUEST_INVALID", "shares are not negative and have a positive total: take them over at least one item");
  }
  return shares.map((share) => share / total);
}

/** The scores that are there, a new list; refuses too few of them. */
function enough(scores: readonly Optional[], which: string, minCount: number): number[] {
  requireFinite(scores, "a score");
  const present = scores.filter((score) => score !== null);
  if (present.length < minCount) {
    const what = `${which} has ${present.length} scores, fewer than ${minCount}`;
    throw new GatewayError("REQUEST_INVALID", `${what}: wait for more, a comparison of so few says nothing`);
  }
  return present;
}
