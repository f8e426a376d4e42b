import { sum } from "../numerics.ts";

/** One bin of a reliability diagram. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly n: number;
  /** Mean predicted probability; null when the bin is empty. */
  readonly meanP: number | null;
  /** Share of positive labels; null when the bin is empty. */
  readonly meanY: number | null;
}

/** How probabilities and what happened agree. */
export interface Reliability {
  readonly bins: readonly ReliabilityBin[];
  /** Σ n_b/n · |p̄_b − ȳ_b| over the bins that hold something. Biased upwards where n is small. */
  readonly ece: number;
  /** The greatest |p̄_b − ȳ_b|. */
  readonly mce: number;
  /** Mean of (p − y)². */
  readonly brier: number;
  /** Σ n_b (p̄_b − ȳ_b)² / n, Σ n_b (ȳ_b − ȳ)² / n and ȳ(1 − ȳ): brier = first − second + third where p is constant in bins. */
  readonly brierReliability: number;
  readonly brierResolution: number;
  readonly brierUncertainty: number;
}

/**
 * Reliability diagram over bins of equal width, with expected and maximum calibration error and the Brier score's parts.
 *
 * @param p    predicted probabilities in [0, 1], shape [n], n ≥ 1
 * @param y    labels in [0, 1], shape [n]
 * @param bins number of bins; bin b holds [b/B, (b+1)/B), the last one 1 as well
 * @complexity O(n + B), pure
 * @see Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599
 * @see Murphy 1973, A New Vector Partition of the Probability Score
 * @example reliability([0.2, 0.8], [0, 1], 2).ece // → 0.2
 */
export function reliability(p: ArrayLike<number>, y: ArrayLike<number>, bins: number): Reliability {
  const n = p.length;
  const found = binned(p, y, { low: 0, high: 1, bins });
  const share = sum(y) / n;
  const held = found.filter((bin) => bin.n > 0);
  const over = (part: (bin: ReliabilityBin) => number) => sum(held.map((bin) => (bin.n / n) * part(bin)));
  return {
    bins: found,
    ece: over(gapOf),
    mce: Math.max(...held.map(gapOf)),
    brier: sum(Float64Array.from(p, (value, i) => (value - y[i]!) ** 2)) / n,
    brierReliability: over((bin) => gapOf(bin) ** 2),
    brierResolution: over((bin) => (bin.meanY! - share) ** 2),
    brierUncertainty: share * (1 - share),
  };
}

/**
 * Calibration error of the confidence in pairs: c = max(p, 1 − p) against how often the favoured side is right, over bins of
 * equal width on [½, 1].
 *
 * @param p    probability that the first side is better, shape [n], n ≥ 1; ½ favours the first
 * @param y    1 where it is, else 0, shape [n]
 * @param bins number of bins
 * @complexity O(n + B), pure
 * @example confidenceReliability([0.9, 0.2], [1, 1], 1).accuracy // → 0.5
 */
export function confidenceReliability(
  p: ArrayLike<number>,
  y: ArrayLike<number>,
  bins: number,
): { readonly ece: number; readonly accuracy: number; readonly bins: readonly ReliabilityBin[] } {
  const confidence = Float64Array.from(p, (value) => Math.max(value, 1 - value));
  const right = Float64Array.from(p, (value, i) => ((value >= 0.5 ? 1 : 0) === y[i] ? 1 : 0));
  const found = binned(confidence, right, { low: 0.5, high: 1, bins });
  const ece = sum(found.map((bin) => (bin.n === 0 ? 0 : (bin.n / p.length) * gapOf(bin))));
  return { ece, accuracy: sum(right) / right.length, bins: found };
}

/**
 * Calibration error over bins of equal mass: sorted by p, bin b holds the places ⌊nb/B⌋ up to ⌊n(b+1)/B⌋.
 *
 * @param p    predicted probabilities, shape [n], n ≥ 1
 * @param y    labels in [0, 1], shape [n]
 * @param bins number of bins; of more bins than points, some are empty and do not count
 * @returns Σ n_b/n · |p̄_b − ȳ_b|
 * @complexity O(n log n), pure
 * @see Nixon et al. 2019, Measuring Calibration in Deep Learning, arXiv:1904.01685
 * @example adaptiveEce([0.2, 0.8], [0, 1], 1) // → 0
 */
export function adaptiveEce(p: ArrayLike<number>, y: ArrayLike<number>, bins: number): number {
  const n = p.length;
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => p[i]! - p[j]!);
  const gaps = Array.from({ length: bins }, (_, b) => {
    const places = order.slice(Math.floor((n * b) / bins), Math.floor((n * (b + 1)) / bins));
    return Math.abs(sum(places.map((i) => p[i]! - y[i]!))) / n;
  });
  return sum(gaps);
}

/**
 * Mean negative log-likelihood of labels under probabilities: −mean(y · ln p + (1 − y) · ln(1 − p)).
 *
 * @param p   predicted probabilities, shape [n], n ≥ 1
 * @param y   labels in [0, 1], shape [n]
 * @param eps p is kept within [eps, 1 − eps], so that certainty that is wrong costs −ln eps and not everything
 * @returns nats
 * @complexity O(n), pure
 * @example negativeLogLikelihood([0.5], [1], 1e-12) // → 0.6931471805599453
 */
export function negativeLogLikelihood(p: ArrayLike<number>, y: ArrayLike<number>, eps: number): number {
  const losses = Float64Array.from(p, (value, i) => {
    // Clipped on both sides by hand: 1 − (1 − eps) would lose digits of eps.
    const positive = Math.max(value, eps);
    const negative = Math.max(1 - value, eps);
    return -(y[i]! * Math.log(Math.min(positive, 1 - eps)) + (1 - y[i]!) * Math.log(Math.min(negative, 1 - eps)));
  });
  return sum(losses) / losses.length;
}

/** |p̄ − ȳ| of a bin that holds something. */
function gapOf(bin: ReliabilityBin): number {
  return Math.abs(bin.meanP! - bin.meanY!);
}

function binned(
  p: ArrayLike<number>,
  y: ArrayLike<number>,
  { low, high, bins }: { readonly low: number; readonly high: number; readonly bins: number },
): ReliabilityBin[] {
  const width = (high - low) / bins;
  const edge = (b: number) => (b === bins ? high : low + b * width);
  const members: number[][] = Array.from({ length: bins }, () => []);
  for (let i = 0; i < p.length; i++) {
    members[Math.min(bins - 1, Math.max(0, Math.floor(((p[i]! - low) * bins) / (high - low))))]!.push(i);
  }
  return members.map((inside, b) => {
    const mean = (values: ArrayLike<number>) => (inside.length === 0 ? null : sum(inside.map((i) => values[i]!)) / inside.length);
    return { low: edge(b), high: edge(b + 1), n: inside.length, meanP: mean(p), meanY: mean(y) };
  });
}
