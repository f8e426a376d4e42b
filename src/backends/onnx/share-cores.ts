import { isCudaInstalled } from "./device.ts";
import type { OnnxParams } from "./params.ts";

/** What a plan says about threads. */
type Threads = Pick<OnnxParams, "device" | "threadsPerExecutor"> & { readonly executors?: number | undefined };

/**
 * Divides the cores of a machine between several models that run on its CPU: each that does not state `executors` gets an
 * even share, at least one, so that together they do not ask for more threads than there are cores.
 *
 * @param plans one per model, as configured
 * @param cores cores that the gateway may use
 * @param hasCuda whether `device: auto` may find a GPU; without, it is the CPU
 * @returns the plans in the same order, with `executors` filled in where more than one model shares the CPU
 */
export function shareCores<T extends Threads>(plans: readonly T[], cores: number, hasCuda = isCudaInstalled()): T[] {
  const onCpu = plans.filter((plan) => isOnCpu(plan, hasCuda));
  const sharing = onCpu.filter(({ executors }) => executors === undefined);
  const stated = onCpu.filter(({ executors }) => executors !== undefined);
  if (sharing.length + stated.length < 2) return [...plans];
  const taken = stated.reduce((sum, plan) => sum + plan.executors! * plan.threadsPerExecutor, 0);
  const share = Math.max(0, cores - taken) / sharing.length;
  return plans.map((plan) =>
    sharing.includes(plan) ? { ...plan, executors: Math.max(1, Math.floor(share / plan.threadsPerExecutor)) } : plan,
  );
}

/**
 * What is wrong where models that state `executors` have more threads together than there are cores, each of them no more: they take turns, and
 * all are slow.
 *
 * @returns undefined where nothing is
 */
export function crowdedCores(
  plans: readonly (Threads & { readonly name: string })[],
  cores: number,
  hasCuda = isCudaInstalled(),
): string | undefined {
  const stated = plans.filter((plan) => plan.executors !== undefined && isOnCpu(plan, hasCuda));
  const threads = stated.reduce((sum, plan) => sum + plan.executors! * plan.threadsPerExecutor, 0);
  if (stated.length < 2 || threads <= cores) return undefined;
  const names = stated.map(({ name }) => name).join(", ");
  return `the executors of ${names} are ${threads} threads together on ${cores} available cores, which slows all of them`;
}

function isOnCpu({ device }: Threads, hasCuda: boolean): boolean {
  return device === "auto" ? !hasCuda : [device].flat().join() === "cpu";
}
