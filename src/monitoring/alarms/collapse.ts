import type { ScoreDescription } from "../../domain/run.ts";
import { quantileSorted } from "../../reward/numerics.ts";
import type { Baseline } from "../baseline.ts";
import type { WindowSample } from "../score-window.ts";
import type { AlarmLimits, AlarmReading } from "./reading.ts";

/** Share of scores at one place from which a series says the same of everything, and below which it no longer does. */
const COLLAPSED = 0.99;
const RECOVERED = 0.95;
/** A chance of 10⁻⁹, as a natural logarithm. */
const LOG_CHANCE = Math.log(1e-9);

/**
 * Whether a series gives one score to everything: the share of scores within the width of their median against 0.99. A baseline that
 * says nearly always the same, as a rule that rarely fires does, is no reason for an alarm: then the share has to be one that chance
 * gives less than once in 10⁹ (Chernoff's bound). A baseline that is one score throughout raises it: nobody learns from such a judge.
 *
 * @complexity O(n log n), pure
 */
export function collapse(window: ScoreDescription, baseline: Baseline, sample: WindowSample, limits: AlarmLimits): AlarmReading {
  const sorted = Float64Array.from(sample.values).sort();
  const median = quantileSorted(sorted, 0.5);
  // Where scores used to vary, a hundredth of that is no variation either.
  const width = Math.max(limits.collapseWidth, 0.01 * baseline.description.std);
  const value = shareNear(sorted, median, width);
  const own = quantileSorted(baseline.sorted, 0.5);
  const fromTheStart = shareNear(baseline.sorted, own, limits.collapseWidth) === 1;
  const before = shareNear(baseline.sorted, median, width);
  const unlikely = -window.items * divergence(COLLAPSED, before) <= LOG_CHANCE;
  return {
    value,
    threshold: COLLAPSED,
    raise: value >= COLLAPSED && (fromTheStart || unlikely),
    calm: value < RECOVERED,
    shows: (item) => item,
  };
}

function shareNear(sorted: Float64Array, centre: number, width: number): number {
  let near = 0;
  for (const value of sorted) if (Math.abs(value - centre) <= width) near++;
  return near / sorted.length;
}

/** Kullback–Leibler divergence of a coin with share p from one with share q, nats; 0 where q is not below p. */
function divergence(p: number, q: number): number {
  if (q >= p) return 0;
  // A share that was not seen at all may still be one of a thousand.
  const share = Math.max(q, 1e-3);
  return p * Math.log(p / share) + (1 - p) * Math.log((1 - p) / (1 - share));
}
