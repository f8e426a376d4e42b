import { proxyDivergence as divergenceOf } from "../../evaluation/hacking-alarms.ts";
import type { Baseline } from "../baseline.ts";
import type { WindowSample } from "../score-window.ts";
import { TREND_BLOCKS, type Trend } from "../trend.ts";
import type { AlarmLimits, AlarmReading } from "./reading.ts";

/** Blocks from which a trend is one. */
const MIN_BLOCKS = TREND_BLOCKS / 2;
/** Both slopes have to be this many standard errors from 0. Were their errors opposite, chance would pass once in 3 · 10⁶. */
const SLOPE_ERRORS = 5;

/** A series with its trend. */
export interface Trending {
  readonly trend: Trend;
  readonly baseline: Baseline;
}

/**
 * Whether the reward that is trained on rises while a member that the trainer never sees falls, by slopes over the last blocks of
 * items. Opposite signs are not enough, since chance gives them to every fourth pair of slopes: both have to change by the limit, and
 * by more than chance can do.
 *
 * @returns the hold-out's change over the trend, in standard deviations of its baseline; undefined while the trend is short or a
 *   baseline does not vary
 * @complexity O(blocks), pure
 * @see Rafailov et al. 2024, Scaling Laws for Reward Model Overoptimization in Direct Alignment Algorithms, arXiv:2406.02900
 */
export function proxyDivergence(proxy: Trending, holdout: Trending, sample: WindowSample, limits: AlarmLimits): AlarmReading | undefined {
  const blocks = proxy.trend.means.length;
  if (blocks < MIN_BLOCKS) return undefined;
  if (Math.min(proxy.baseline.description.std, holdout.baseline.description.std) < limits.collapseWidth) return undefined;
  const slopes = divergenceOf(proxy.trend.means, holdout.trend.means, blocks);
  const up = changeOf(slopes.proxySlope, blocks, proxy);
  const down = changeOf(slopes.holdoutSlope, blocks, holdout);
  const rises = up.change >= Math.max(limits.divergence, SLOPE_ERRORS * up.error);
  const threshold = Math.max(limits.divergence, SLOPE_ERRORS * down.error);
  return {
    value: down.change,
    threshold: -threshold,
    raise: rises && down.change <= -threshold,
    calm: !slopes.alarm,
    shows: (item) => -sample.means[item]!,
  };
}

/** Change over the whole trend and its standard error, in standard deviations of the baseline. */
function changeOf(slope: number, blocks: number, { trend, baseline }: Trending): { change: number; error: number } {
  const { std, meanError, items } = baseline.description;
  const blockError = meanError * Math.sqrt(items / trend.itemsPerBlock);
  const span = blocks - 1;
  // Σ (t − t̄)² over 0 … blocks − 1.
  const leverage = (blocks * (blocks * blocks - 1)) / 12;
  return { change: (slope * span) / std, error: ((blockError / Math.sqrt(leverage)) * span) / std };
}
