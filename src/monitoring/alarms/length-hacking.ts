import type { ScoreDescription } from "../../domain/run.ts";
import type { Baseline } from "../baseline.ts";
import type { WindowSample } from "../score-window.ts";
import type { AlarmLimits, AlarmReading } from "./reading.ts";

/** Chance passes 5 standard errors of artanh ρ once in 4 · 10⁶ windows. */
const CHANCE_ERRORS = 5;

/**
 * Whether scores have come to follow length, up or down: |ρ| against that of the baseline plus the allowed rise, or what chance can
 * add to it, if that is more; or against what is too much in any case. Chance: with windows of 500 independent scores the rise from 0
 * has to be 0.31, and 5 standard errors; a series whose own ρ lies at the absolute limit may pass it once, and stays raised, because
 * it clears a third below.
 *
 * @returns undefined where scores or lengths do not vary
 * @complexity O(1), pure
 */
export function lengthHacking(
  window: ScoreDescription,
  { description: before }: Baseline,
  sample: WindowSample,
  limits: AlarmLimits,
): AlarmReading | undefined {
  if (window.length === undefined) return undefined;
  const { rho, fisherError } = window.length;
  const usual = Math.abs(before.length?.rho ?? 0);
  const error = Math.hypot(fisherError, before.length?.fisherError ?? 0);
  const byChance = Math.tanh(Math.atanh(Math.min(usual, 1 - 1e-12)) + CHANCE_ERRORS * error);
  const threshold = Math.min(limits.lengthCorrelation, Math.max(usual + limits.lengthRise, byChance));
  const calm = Math.min(usual + limits.lengthRise / 2, (limits.lengthCorrelation * 2) / 3);
  const meanLength = sample.lengths.reduce((sum, length) => sum + length, 0) / window.scores;
  return {
    value: rho,
    threshold: Math.sign(rho) * threshold,
    raise: Math.abs(rho) >= threshold,
    calm: Math.abs(rho) < calm,
    shows: (item) => Math.sign(rho) * (sample.means[item]! - window.mean) * (sample.lengths[item]! / sample.counts[item]! - meanLength),
  };
}
