import { defineState } from "./kinds/index.ts";
import { decodeCause, decodeFacts, decodeValue, encodeValue } from "./record.ts";
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
 * by bit. Each version starts from the stored value before it, so one difference does not hide another.
 *
 * @param log versions without a gap, oldest first
 * @complexity O(numbers in the log), pure
 */
export function replay(log: readonly StoredVersion[]): Replay {
  const different = log.slice(1).flatMap((stored, i) => {
    const { config, input } = decodeCause(stored.cause);
    const definition = defineState(config);
    const stepped = decodeFacts(stored.facts).change === "step";
    const again = stepped ? definition.step(decodeValue(log[i]!.value), input!) : definition.initial();
    return encodeValue(again) === stored.value ? [] : [stored.version];
  });
  return { replayed: Math.max(0, log.length - 1), different };
}
