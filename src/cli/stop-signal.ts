import type { EventEmitter } from "node:events";
import { type Clock, systemClock } from "../domain/clock.ts";

export interface StopListener {
  /** Somebody wants an end, in order. */
  first(): void;
  /** And again: at once. */
  again(): void;
  /** Where signals come from. Default this process. */
  readonly source?: EventEmitter;
  /** Default that of the machine. */
  readonly clock?: Clock;
}

/**
 * How soon a signal that follows another is the same one, milliseconds: `npm start`, `npx` and `timeout` pass on what the terminal or the
 * system sent to the whole group, and so to this process already.
 */
const ECHO_MS = 500;

/**
 * Hears Ctrl-C and SIGTERM.
 *
 * @returns a function that ends it
 */
export function listenForStop({ first, again, source = process, clock = systemClock }: StopListener): () => void {
  let askedAt: number | undefined;
  const onStop = () => {
    if (askedAt === undefined) {
      askedAt = clock.now();
      first();
    } else if (clock.now() - askedAt >= ECHO_MS) again();
  };
  source.on("SIGINT", onStop).on("SIGTERM", onStop);
  return () => void source.off("SIGINT", onStop).off("SIGTERM", onStop);
}
