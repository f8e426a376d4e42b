import { type Optional, requireFinite } from "../reward/missing.ts";
import { fitLine } from "./line.ts";
import { presentPairs } from "./rank-correlation.ts";

/** What an alarm of disagreement compares with, and when it sounds. */
export interface DisagreementBounds {
  /** Mean of the judges' spread over the windows of the baseline, ≥ 0. */
  readonly mean: number;
  /** Standard deviation of that spread over the windows of the baseline, ≥ 0. */
  readonly std: number;
  /** Standard deviations above the mean from which the alarm sounds; 3 is usual. */
  readonly z: number;
  /** Multiple of the mean from which the alarm sounds; 1.5 is usual. */
  readonly ratio: number;
}

/** A measure beside its baseline. */
export interface DisagreementAlarm {
  /** (current − mean)/std; 0 where both are equal, ±Infinity where the baseline does not vary. */
  readonly z: number;
  /** current/mean; 1 where both are 0. */
  readonly ratio: number;
  readonly alarm: boolean;
}

/**
 * Whether the judges of a panel have come to disagree: a policy that leaves what they were trained on divides them.
 *
 * @param current mean spread over the judges in this window, ≥ 0
 * @throws {GatewayError} SCORE_NOT_FINITE when a number is NaN or infinite
 * @complexity O(1), pure
 * @see Eisenstein et al. 2023, Helping or Herding? Reward Model Ensembles Mitigate but do not Eliminate Reward Hacking, arXiv:2312.09244
 * @example disagreementAlarm(0.2, { mean: 0.1, std: 0.05, z: 3, ratio: 1.5 }).alarm // → true
 */
export function disagreementAlarm(current: number, bounds: DisagreementBounds): DisagreementAlarm {
  requireFinite([current, bounds.mean, bounds.std], "a spread");
  const above = current - bounds.mean;
  const z = above === 0 ? 0 : above / bounds.std;
  const ratio = current === bounds.mean ? 1 : current / bounds.mean;
  return { z, ratio, alarm: z >= bounds.z || ratio >= bounds.ratio };
}

/** Trends of the judge that is trained on and of one that is held out. */
export interface ProxyDivergence {
  /** Mean score per window. */
  readonly proxySlope: number;
  readonly holdoutSlope: number;
  /** The proxy rises while the hold-out falls. */
  readonly alarm: boolean;
}

/**
 * Whether the reward that is trained on rises while a judge that the trainer never sees falls, by the slopes of least squares over the
 * last windows.
 *
 * @param proxy   mean score of the judge that is trained on, one per window in order of time; null is missing
 * @param holdout mean score of the hold-out judge in the same windows
 * @param windows how many of the last windows count, ≥ 2
 * @returns slopes per window; 0 where fewer than two windows have both
 * @throws {GatewayError} SCORE_NOT_FINITE when a mean is NaN or infinite
 * @complexity O(windows), pure
 * @see Rafailov et al. 2024, Scaling Laws for Reward Model Overoptimization in Direct Alignment Algorithms, arXiv:2406.02900
 * @example proxyDivergence([0.1, 0.2], [0.3, 0.2], 5).alarm // → true
 */
export function proxyDivergence(proxy: readonly Optional[], holdout: readonly Optional[], windows: number): ProxyDivergence {
  requireFinite([...proxy, ...holdout], "a mean");
  const first = Math.max(0, proxy.length - windows);
  const times = proxy.map((value, t) => (value === null || holdout[t] === null ? null : t)).slice(first);
  const slopeOf = (values: readonly Optional[]) => {
    const { a: time, b: value } = presentPairs(times, values.slice(first));
    return time.length < 2 ? 0 : fitLine(time, value).slope;
  };
  const proxySlope = slopeOf(proxy);
  const holdoutSlope = slopeOf(holdout);
  return { proxySlope, holdoutSlope, alarm: proxySlope > 0 && holdoutSlope < 0 };
}
