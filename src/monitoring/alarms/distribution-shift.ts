import type { ScoreDescription } from "../../domain/run.ts";
import { stabilityIn } from "../../evaluation/drift.ts";
import { type Baseline, STABILITY } from "../baseline.ts";
import { chiSquareBound } from "../chance.ts";
import type { WindowSample } from "../score-window.ts";
import type { AlarmLimits, AlarmReading } from "./reading.ts";

/**
 * Whether scores fall into other places than they did: the population stability index against the limit, or against what chance can
 * do, if that is more. Chance: without a move the index is (1/n + 1/n_baseline) times a χ² variable with bins − 1 degrees of freedom,
 * n counted in independent scores; with windows of 500 the limit of 0.25 is passed once in 10⁹.
 *
 * @returns undefined with too few scores, or where the baseline does not vary, which is `collapse`
 * @complexity O(n log bins), pure
 */
export function distributionShift(
  window: ScoreDescription,
  baseline: Baseline,
  sample: WindowSample,
  limits: AlarmLimits,
): AlarmReading | undefined {
  if (sample.values.length < STABILITY.minCount || baseline.bins.degenerate) return undefined;
  const { psi } = stabilityIn(baseline.bins, Array.from(sample.values));
  const independent = Math.min(window.effective, sample.values.length);
  const chance = (1 / independent + 1 / baseline.description.effective) * chiSquareBound(STABILITY.bins - 1);
  const threshold = Math.max(limits.psi, chance);
  return {
    value: psi,
    threshold,
    raise: psi >= threshold,
    calm: psi < threshold / 2,
    shows: (item) => Math.abs(sample.means[item]! - baseline.description.mean),
  };
}
