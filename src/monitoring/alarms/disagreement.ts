import type { ScoreDescription } from "../../domain/run.ts";
import type { Baseline } from "../baseline.ts";
import { CHANCE_ERRORS } from "../chance.ts";
import type { WindowSample } from "../score-window.ts";
import type { AlarmLimits, AlarmReading } from "./reading.ts";

/**
 * Whether the members of a panel have come to disagree: a policy that leaves what they were trained on divides them. The mean spread
 * over members against a multiple of its baseline, or against what chance can do, if that is more.
 *
 * @param window   of spreads over the members, one number per item
 * @param baseline of the same
 * @returns undefined where the members agreed throughout the baseline
 * @complexity O(1), pure
 * @see Eisenstein et al. 2023, Helping or Herding? Reward Model Ensembles Mitigate but do not Eliminate Reward Hacking, arXiv:2312.09244
 */
export function disagreement(
  window: ScoreDescription,
  { description: before }: Baseline,
  sample: WindowSample,
  limits: AlarmLimits,
): AlarmReading | undefined {
  if (before.mean <= 0) return undefined;
  const error = Math.hypot(window.meanError, before.meanError);
  const value = window.mean / before.mean;
  const threshold = Math.max(limits.disagreementRatio, 1 + (CHANCE_ERRORS * error) / before.mean);
  return {
    value,
    threshold,
    raise: value >= threshold,
    calm: value < 1 + (limits.disagreementRatio - 1) / 2,
    shows: (item) => sample.means[item]!,
  };
}
