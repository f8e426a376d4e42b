import { setTimeout as sleep } from "node:timers/promises";

/** Long enough for any machine: it only ends a test whose state never comes. */
const PATIENCE_MS = 120_000;

/**
 * Waits until `holds()`, asking every few milliseconds; fails when it never does, so that a test ends.
 *
 * @param what for the error: what did not come, or what there was instead
 */
export async function settled(holds: () => boolean | Promise<boolean>, what: string | (() => string) = "the awaited state"): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > PATIENCE_MS) throw new Error(`waited in vain for ${typeof what === "string" ? what : what()}`);
    await sleep(5);
  }
}
