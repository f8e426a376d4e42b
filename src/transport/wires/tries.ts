import { setTimeout as sleep } from "node:timers/promises";
import { GatewayError } from "../../domain/errors.ts";

/** Pause before the next try after a failure that names none, milliseconds. */
const RETRY_MS = 1000;

/**
 * What a function gives, after as many tries as there is time for while its failure is one that may pass. A gateway that stops is not
 * waited for: another replica has the time that is left.
 *
 * @param attempt gets the milliseconds that are left
 * @param timeoutMs for all tries and the pauses between them; the first is made however little it is
 * @param signal ends the pauses
 * @throws {GatewayError} the last failure
 */
export async function withTries<T>(attempt: (leftMs: number) => Promise<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt(end - performance.now());
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      const waitMs = error.details.retryAfterMs ?? RETRY_MS;
      if (!error.retryable || error.reason === "SHUTTING_DOWN" || performance.now() + waitMs >= end) throw error;
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal?.aborted) throw error;
    }
  }
}
