import type { ReliabilityBin } from "../reward/calibration/reliability.ts";
import { sum } from "../reward/numerics.ts";

/**
 * Expected calibration error that a judge without any would show on so few items: Σ n_b/n · √(2 p̄_b (1 − p̄_b)/(π n_b)), the mean
 * distance of a binomial share from its probability in the normal approximation. An error near it is no sign of miscalibration.
 *
 * @param bins of a reliability diagram
 * @returns in [0, 1]; 0 when the bins are empty
 * @complexity O(bins), pure
 * @example calibrationFloor([{ low: 0, high: 1, n: 50, meanP: 0.5, meanY: 0.6 }]).toFixed(3) // → "0.056"
 */
export function calibrationFloor(bins: readonly ReliabilityBin[]): number {
  const held = bins.flatMap(({ n, meanP }) => (n === 0 || meanP === null ? [] : [{ n, p: meanP }]));
  const n = sum(held.map((bin) => bin.n));
  return sum(held.map((bin) => (bin.n / n) * Math.sqrt((2 * bin.p * (1 - bin.p)) / (Math.PI * bin.n))));
}
