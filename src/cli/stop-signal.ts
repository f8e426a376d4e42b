import type { EventEmitter } from "node:events";
import { isatty } from "node:tty";
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
  /** Whether a standard stream is a terminal, whose end is a signal too. Default as it is. */
  readonly atTerminal?: boolean;
}

/**
 * How soon a signal that follows another is the same one, milliseconds: `npm start`, `npx` and `timeout` pass on what the terminal or the
 * system sent to the whole group, and so to this process already.
 */
const ECHO_MS = 500;

/**
 * Hears Ctrl-C, SIGTERM and the end of its terminal. A hang-up without a terminal is not about this process: Node undoes what `nohup` does
 * to keep it from one.
 *
 * @returns a function that ends it
 */
export function listenForStop({
  first,
  again,
  source = process,
  clock = systemClock,
  atTerminal = hasTerminal(),
}: StopListener): () => void {
  let askedAt: number | undefined;
  const onStop = () => {
    if (askedAt === undefined) {
      askedAt = clock.now();
      first();
    } else if (clock.now() - askedAt >= ECHO_MS) again();
  };
  const onHangUp = () => {
    if (atTerminal) onStop();
  };
  source.on("SIGINT", onStop).on("SIGTERM", onStop).on("SIGHUP", onHangUp);
  return () => void source.off("SIGINT", onStop).off("SIGTERM", onStop).off("SIGHUP", onHangUp);
}

function hasTerminal(): boolean {
  return [0, 1, 2].some((descriptor) => isatty(descriptor));
}
