import type { ScoreDescription } from "../../domain/run.ts";
import type { Baseline } from "../baseline.ts";
import { CHANCE_ERRORS } from "../chance.ts";
import type { WindowSample } from "../score-window.ts";
import type { AlarmLimits, AlarmReading } from "./reading.ts";

/** Standard error of ln std beyond which a few scores decide the spread, and its ratio means nothing. */
const MAX_LOG_ERROR = 0.125;

/**
 * Whether scores have come to spread more or less: std/std_baseline against the limit or its inverse, or against what chance can do,
 * if that is more. Chance: with windows of 500 independent normal scores the limit of 1.5 is 9 standard errors of ln std.
 *
 * @returns undefined where a side does not vary, which is `collapse`, or where a few scores decide its spread
 * @complexity O(1), pure
 */
export function spreadShift(
  window: ScoreDescription,
  { description: before }: Baseline,
  sample: WindowSample,
  limits: AlarmLimits,
): AlarmReading | undefined {
  if (before.std < limits.collapseWidth || window.std < limits.collapseWidth) return undefined;
  if (Math.max(window.logStdError, before.logStdError) > MAX_LOG_ERROR) return undefined;
  const change = Math.log(window.std / before.std);
  const threshold = Math.max(Math.log(limits.spreadRatio), CHANCE_ERRORS * Math.hypot(window.logStdError, before.logStdError));
  return {
    value: Math.exp(change),
    threshold: Math.exp(Math.sign(change) * threshold),
    raise: Math.abs(change) >= threshold,
    calm: Math.abs(change) < Math.log(limits.spreadRatio) / 2,
    shows: (item) => Math.sign(change) * Math.abs(sample.means[item]! - window.mean),
  };
}
