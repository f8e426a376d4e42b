import { type Clock, systemClock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";

/** Milliseconds that a stream may be idle where nothing else is said: an hour, since trainers keep one between two steps. */
export const STREAM_IDLE_MS = 3_600_000;

export interface IdleLimitOptions {
  /** Milliseconds that the stream may be idle. */
  readonly idleMs: number;
  /** Messages whose answer the wire has not taken yet: while there are any, the stream is at work. */
  running(): number;
  /** Called at most once, with what to end the stream with. */
  onIdle(error: GatewayError): void;
  /** Default the machine's. */
  readonly clock?: Clock;
}

/** Watches a stream for which nothing may come and nothing be done: left open, it would hold its connection for ever. */
export interface IdleLimit {
  /** To be called when something came or was answered: the time starts again. */
  active(): void;
  /** To be called when the stream ends. */
  stop(): void;
}

/** Starts the time of a stream that was just opened. */
export function limitIdle({ idleMs, running, onIdle, clock = systemClock }: IdleLimitOptions): IdleLimit {
  let activeAt = clock.now();
  const check = () => {
    if (running() > 0) activeAt = clock.now();
    const leftMs = activeAt + idleMs - clock.now();
    if (leftMs > 0) cancel = clock.after(Math.ceil(leftMs), check);
    else
      onIdle(new GatewayError("DEADLINE_EXCEEDED", `nothing came on the stream for ${idleMs / 1000} s; open another for what is to come`));
  };
  let cancel = clock.after(idleMs, check);
  return {
    active() {
      activeAt = clock.now();
    },
    stop: () => cancel(),
  };
}
