import type { Clock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Logger } from "../../telemetry/log.ts";

export interface ProofOptions {
  /** Of the backend and of the server, for the log. */
  readonly backend: string;
  readonly address: string;
  /**
   * Tries the server. It throws CONFIG_INVALID when the server is not what it has to be, BACKEND_UNAVAILABLE when it could not be tried, and
   * anything else when it answered and made no sense. Without it nothing has to be shown.
   */
  readonly prove?: (() => Promise<void>) | undefined;
  /** Time between proofs of a server that has passed one, milliseconds. */
  readonly everyMs: number;
  /** Runs after each change. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly log?: Logger | undefined;
}

/** Whether one server has shown that its answers can be used, since it was last away. */
export interface Proof {
  /** Whether it has shown it, and nothing speaks against it since. */
  readonly holds: boolean;
  /** Whether it has shown it and was not away or found wrong since; it may be in doubt, and is tried again before the next answer. */
  readonly stands: boolean;
  /** What was found wrong, while it is. */
  readonly flaw: GatewayError | undefined;
  /** The server is there: it is tried unless it has shown what it must, or has failed to a short while ago. */
  isThere(): void;
  /** The server is away: whoever comes back has shown nothing yet. */
  isAway(): void;
  /** The server may have been replaced. It is tried before its next answer is used, and at once if it is there. */
  doubt(): void;
  /** The server gave an answer that the one that is wanted would not give: it is not used until it has passed again. */
  isWrong(flaw: GatewayError): void;
  /** Joins the try that is under way, or makes one. @throws {GatewayError} why the server could not be tried, or did not pass */
  attempt(): Promise<void>;
  /** Ends the proofs on a timer. */
  stop(): void;
}

/** After a failed proof a server is not tried again for so long, unless it was away, milliseconds. */
const AGAIN_MS = 30_000;

/** Tries a server when it comes, when it comes back, when it is doubted, and on a timer. One that could not be tried keeps what it has shown. */
export function createProof({ backend, address, prove, everyMs, onChange, clock, log }: ProofOptions): Proof {
  if (prove === undefined) return NOTHING_TO_SHOW;
  let proven = false;
  let doubted = false;
  let flaw: GatewayError | undefined;
  let flawAt = 0;
  let running: Promise<void> | undefined;
  let cancelTimer = () => {};
  let stopped = false;
  /** Count what a try under way says nothing of, since it began before: a server that came since, or may have come. */
  let absences = 0;
  let doubts = 0;

  function attempt(): Promise<void> {
    running ??= (async () => {
      const before = { absences, doubts };
      cancelTimer();
      try {
        await prove!();
        if (before.absences === absences && before.doubts === doubts) {
          proven = true;
          doubted = false;
          flaw = undefined;
        }
      } catch (thrown) {
        const error = GatewayError.from(thrown);
        if (error.reason !== "BACKEND_UNAVAILABLE" && error.reason !== "CALLER_GONE" && before.absences === absences) {
          reject(error);
        }
        throw error;
      } finally {
        running = undefined;
        if (!stopped) cancelTimer = clock.after(everyMs, () => void attempt().catch(() => undefined));
        onChange();
      }
    })();
    return running;
  }

  function reject(error: GatewayError): void {
    proven = false;
    flaw = error;
    flawAt = clock.now();
    log?.warn({ backend, address, err: error }, "an upstream server has not shown that its answers can be used");
  }

  function tryNow(): void {
    if (!stopped && (flaw === undefined || clock.now() - flawAt >= AGAIN_MS)) attempt().catch(() => undefined);
  }

  return {
    get holds() {
      return proven && !doubted;
    },
    get stands() {
      return proven;
    },
    get flaw() {
      return flaw;
    },
    isThere() {
      if (!proven || doubted) tryNow();
    },
    isAway() {
      absences++;
      cancelTimer();
      proven = false;
      flaw = undefined;
      onChange();
    },
    doubt() {
      doubts++;
      doubted = true;
      tryNow();
    },
    isWrong(found) {
      doubts++;
      reject(found);
      onChange();
    },
    attempt,
    stop() {
      stopped = true;
      cancelTimer();
    },
  };
}

const NOTHING_TO_SHOW: Proof = {
  holds: true,
  stands: true,
  flaw: undefined,
  isThere() {},
  isAway() {},
  doubt() {},
  isWrong() {},
  attempt: async () => {},
  stop() {},
};
