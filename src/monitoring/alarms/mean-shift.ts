import type { ScoreDescription } from "../../domain/run.ts";
import type { Baseline } from "../baseline.ts";
import { CHANCE_ERRORS } from "../chance.ts";
import type { WindowSample } from "../score-window.ts";
import type { AlarmLimits, AlarmReading } from "./reading.ts";

/**
 * Whether the mean of a series has moved: (mean − mean_baseline)/std_baseline against the limit, or against what chance can do, if
 * that is more. Chance: with windows of 500 independent scores the limit of 0.5 is 7.9 standard errors.
 *
 * @returns undefined where the baseline does not vary, which is `collapse`
 * @complexity O(1), pure
 */
export function meanShift(
  window: ScoreDescription,
  { description: before }: Baseline,
  sample: WindowSample,
  limits: AlarmLimits,
): AlarmReading | undefined {
  if (before.std < limits.collapseWidth) return undefined;
  const value = (window.mean - before.mean) / before.std;
  const error = Math.hypot(window.meanError, before.meanError) / before.std;
  const threshold = Math.max(limits.meanShift, CHANCE_ERRORS * error);
  return {
    value,
    threshold: Math.sign(value) * threshold,
    raise: Math.abs(value) >= threshold,
    calm: Math.abs(value) < limits.meanShift / 2,
    shows: (item) => Math.sign(value) * sample.means[item]!,
  };
}
