import { type Clock, systemClock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Logger } from "../../telemetry/log.ts";

export interface ProofOptions {
  /** Name of the backend, for the log. */
  readonly name: string;
  readonly upstream: { readonly ready: boolean; onReadiness(listener: (ready: boolean) => void): () => void };
  /**
   * Tries the server. It throws CONFIG_INVALID when the server is not what it has to be, BACKEND_UNAVAILABLE when it could not be tried, and
   * anything else when it answered and made no sense.
   */
  prove(): Promise<void>;
  /** Time between proofs of a server that has passed one. */
  readonly everyMs: number;
  readonly clock?: Clock | undefined;
  readonly log?: Logger | undefined;
}

/** Whether a server has shown that its answers can be used, since it was last away. */
export interface Proof {
  /** Whether it answers and has shown it. */
  readonly holds: boolean;
  /** What was found wrong, while it is. */
  readonly flaw: GatewayError | undefined;
  onChange(listener: (holds: boolean) => void): () => void;
  /** The first try, if the server answers. @throws {GatewayError} CONFIG_INVALID when it does not pass; no other error */
  first(): Promise<void>;
  /** Resolves once it is shown. @throws {GatewayError} BACKEND_REFUSED when the server does not pass, or why it could not be tried or read */
  required(): Promise<void>;
  /** What was shown holds no longer: something was answered that a server that passed would not answer. It is tried again at once. */
  doubt(): void;
  /** Ends the proofs on a timer. */
  stop(): void;
}

/** After a failed proof a server is not tried again for so long, unless it was away. */
const AGAIN_MS = 30_000;

/**
 * Tries a server when it comes, when it comes back, before the first answer that is used, and then on a timer. One that could not be
 * tried on the timer keeps what it has shown.
 */
export function createProof({ name, upstream, prove, everyMs, clock = systemClock, log }: ProofOptions): Proof {
  const listeners = new Set<(holds: boolean) => void>();
  let shown = false;
  let proven = false;
  let flaw: GatewayError | undefined;
  let flawAt = 0;
  let running: Promise<void> | undefined;
  /** Counts the times that the server went away: a try that began before does not speak for the server that came back. */
  let absences = 0;

  function review(): void {
    const holds = proven && upstream.ready;
    if (holds === shown) return;
    shown = holds;
    for (const listener of listeners) listener(holds);
  }

  function attempt(): Promise<void> {
    running ??= (async () => {
      const before = absences;
      try {
        await prove();
        flaw = undefined;
        proven = before === absences;
      } catch (thrown) {
        const error = GatewayError.from(thrown);
        if (error.reason !== "BACKEND_UNAVAILABLE") {
          flaw = error;
          flawAt = clock.now();
          proven = false;
        }
        log?.warn({ backend: name, err: error }, "an upstream server has not shown that its answers can be used");
        throw error;
      } finally {
        running = undefined;
        review();
      }
    })();
    return running;
  }

  let cancelTimer = clock.after(everyMs, onTimer);
  function onTimer(): void {
    if (upstream.ready) attempt().catch(() => undefined);
    cancelTimer = clock.after(everyMs, onTimer);
  }

  upstream.onReadiness((ready) => {
    if (!ready) {
      absences++;
      proven = false;
      flaw = undefined;
    } else if (!proven) attempt().catch(() => undefined);
    review();
  });

  return {
    get holds() {
      return proven && upstream.ready;
    },
    get flaw() {
      return flaw;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async first() {
      if (!upstream.ready) return;
      await attempt().catch((error: GatewayError) => {
        if (error.reason === "CONFIG_INVALID") throw error;
      });
    },
    async required() {
      if (proven) return;
      if (flaw === undefined || clock.now() - flawAt >= AGAIN_MS) {
        await attempt().catch((error: GatewayError) => {
          if (flaw === undefined) throw error;
        });
      }
      if (flaw !== undefined) throw new GatewayError(flaw.reason === "CONFIG_INVALID" ? "BACKEND_REFUSED" : flaw.reason, flaw.message);
    },
    doubt() {
      absences++;
      proven = false;
      review();
      attempt().catch(() => undefined);
    },
    stop: () => cancelTimer(),
  };
}
