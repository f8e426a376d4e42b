import type { StateValue } from "../domain/state.ts";
import { defineState, type StateDefinition } from "./kinds/index.ts";
import { type Cause, decodeCause, decodeFacts, decodeValue, encodeValue } from "./record.ts";
import type { StoredVersion } from "./store.ts";

/** What came of a replay. */
export interface Replay {
  /** Versions that were made again; the first of the log is where the replay starts. */
  readonly replayed: number;
  /** Versions whose value came out with other bits than the stored one. */
  readonly different: readonly number[];
}

/**
 * Makes every version of a log again from the one before it, under the parameters that were in force, and compares values bit
 * by bit; one of which the log says too little counts as different. Each version starts from the stored value before it, so one difference does not hide another.
 *
 * @param log versions without a gap, oldest first
 * @complexity O(numbers in the log), pure
 */
export function replay(log: readonly StoredVersion[]): Replay {
  const different = log.slice(1).flatMap((stored, i) => {
    const [cause, facts] = [decodeCause(stored.cause), decodeFacts(stored.facts)];
    if (cause === undefined || facts === undefined) return [stored.version];
    const definition = defineState(cause.config);
    const again = facts.change === "step" ? stepped(definition, decodeValue(log[i]!.value), cause) : definition.initial();
    return again !== undefined && encodeValue(again) === stored.value ? [] : [stored.version];
  });
  return { replayed: Math.max(0, log.length - 1), different };
}

/** The value after a step, or undefined where the log does not hold what it was made from. */
function stepped(definition: StateDefinition, before: StateValue | undefined, { input }: Cause): StateValue | undefined {
  return before !== undefined && definition.fits(before) && input !== undefined ? definition.step(before, input) : undefined;
}
