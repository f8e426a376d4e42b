/** What a detector says of one window. */
export interface AlarmReading {
  /** The measure, in the unit of the alarm's kind. */
  readonly value: number;
  /** What it has to pass, same unit and sign. */
  readonly threshold: number;
  /** The measure is past its threshold. */
  readonly raise: boolean;
  /** The measure is so far inside that a raised alarm is cleared; between the two it stays as it is. */
  readonly calm: boolean;
  /** How well the i-th item of the window shows it; items with the greatest number become the examples. */
  readonly shows: (item: number) => number;
}

/** Bounds from which something matters, whatever chance may do. */
export interface AlarmLimits {
  /** Difference of means, standard deviations of the baseline, > 0. */
  readonly meanShift: number;
  /** Ratio of standard deviations, either way, > 1. */
  readonly spreadRatio: number;
  /** Population stability index, > 0. */
  readonly psi: number;
  /** Rise of the correlation of score and length over that of the baseline, in (0, 1). */
  readonly lengthRise: number;
  /** Correlation of score and length that is too much whatever the baseline, in (0, 1). */
  readonly lengthCorrelation: number;
  /** Disagreement over that of its baseline, > 1. */
  readonly disagreementRatio: number;
  /** Scores closer together than this are one score, > 0. */
  readonly collapseWidth: number;
  /** Change of proxy and hold-out over the trend, standard deviations of their baselines, > 0. */
  readonly divergence: number;
  /** Share of a panel's probes that are accepted, in (0, 1]. */
  readonly probeShare: number;
}
