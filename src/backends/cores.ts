import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * Cores that this process may use: those of its affinity mask, and no more than the quota of its control group,
 * rounded down. At least 1.
 */
export function availableCores(): number {
  const quota = cgroupQuota(readOrNothing);
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota ?? Number.POSITIVE_INFINITY)));
}

/**
 * Cores per control-group quota, or undefined where there is no limit.
 *
 * @param read gives the text of a file, or undefined when there is none
 */
export function cgroupQuota(read: (path: string) => string | undefined): number | undefined {
  const unified = read("/sys/fs/cgroup/cpu.max")?.split(" ");
  const [quota, period] = unified ?? [read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), read("/sys/fs/cgroup/cpu/cpu.cfs_period_us")];
  const cores = Number(quota) / Number(period);
  return cores > 0 && Number.isFinite(cores) ? cores : undefined;
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
