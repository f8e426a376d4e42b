import { setMaxListeners } from "node:events";
import { EXIT } from "./failure.ts";
import { listenForStop } from "./stop-signal.ts";

/** A run that Ctrl-C, SIGTERM or the end of its terminal ends early and in order. */
export interface Interruption {
  readonly signal: AbortSignal;
  stop(): void;
}

/** Aborts at the first of them; a second one ends the process at once. */
export function listenForInterrupt(): Interruption {
  const controller = new AbortController();
  // One listener for each record under way.
  setMaxListeners(0, controller.signal);
  const stop = listenForStop({ first: () => controller.abort(), again: () => process.exit(EXIT.interrupted) });
  return { signal: controller.signal, stop };
}
