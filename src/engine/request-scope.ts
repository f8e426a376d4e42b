import type { Clock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Batcher } from "./batcher.ts";
import type { Flight, Watcher } from "./flight.ts";

export interface ScopeHooks {
  /** The first call has reached a backend, or none had to. */
  started(): void;
  /** A flight has ended, with a result or an error. Runs before anybody else can ask the same again. */
  settled(flight: Flight): void;
}

/**
 * How long before the deadline a request stops waiting for what is only watched: a share of the time that it has, and at most so many
 * milliseconds. The caller's own clock ends the call at the deadline, so an answer that waited until then would come too late.
 */
const SPARED = { share: 0.1, ms: 1_000 };

/** How long a request may read answers at a stretch, milliseconds: executors, health checks and other requests wait for it. */
const STRETCH_MS = 10;

/**
 * The life of one request in the engine: what it waits for, until when, and what that took.
 * It ends by the last flight, by its deadline or by its caller, whichever comes first; the flights that it leaves
 * behind go on only for others.
 */
export class RequestScope implements Watcher {
  /** Whether a call of this request has reached a backend. */
  started = false;
  prepareMs = 0;
  queueMs = 0;
  backendMs = 0;
  /** Tokens of the forward passes this request waited for, each counted once. */
  tokens = 0;
  private readonly clock: Clock;
  private readonly beganAt: number;
  /** When it last got the event loop. */
  private turnAt: number;
  private readonly waitsFor = new Map<Flight, Batcher>();
  /** Those of them that a reward depends on. */
  private readonly needs = new Set<Flight>();
  /** Whether what is only watched has had its time. */
  private watched = false;
  private watchMs: number | undefined;
  /** Runs while nothing that a reward depends on is under way. */
  private cancelWatch: (() => void) | undefined;
  private interrupted = false;
  private end: ((error: GatewayError | undefined) => void) | undefined;
  private readonly hooks: ScopeHooks;

  constructor(clock: Clock, hooks: ScopeHooks) {
    this.clock = clock;
    this.beganAt = clock.now();
    this.turnAt = this.beganAt;
    this.hooks = hooks;
  }

  /** @param needed whether the request fails when the flight does not end in time; one that is only watched is left behind then */
  waitFor(flight: Flight, batcher: Batcher, needed: boolean): void {
    if (flight.state === "settled") return;
    this.waitsFor.set(flight, batcher);
    if (flight.state === "running") this.markStarted();
    if (!needed) return;
    this.needs.add(flight);
    this.cancelWatch?.();
    this.cancelWatch = undefined;
  }

  flightStarted(flight: Flight): void {
    this.prepareMs = Math.max(this.prepareMs, this.share(flight.queuedAt, flight.preparedAt));
    this.queueMs = Math.max(this.queueMs, this.share(flight.preparedAt, flight.startedAt));
    this.markStarted();
  }

  flightSettled(flight: Flight): void {
    this.tokens += flight.result?.tokens ?? 0;
    if (flight.startedAt > 0) this.backendMs = Math.max(this.backendMs, this.share(flight.startedAt, flight.settledAt));
    this.waitsFor.delete(flight);
    this.needs.delete(flight);
    this.hooks.settled(flight);
    this.endWhenDone();
  }

  /** Whether it has kept the event loop from others for long. */
  holdsLoop(): boolean {
    return this.clock.now() - this.turnAt >= STRETCH_MS;
  }

  /**
   * Lets others have the event loop, and goes on while there is somebody to go on for.
   * @param deadline clock time, milliseconds
   * @throws {GatewayError} DEADLINE_EXCEEDED, CALLER_GONE
   */
  async giveWay(deadline: number, signal: AbortSignal): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.turnAt = this.clock.now();
    if (signal.aborted) throw callerGone();
    if (this.turnAt >= deadline) throw deadlinePassed();
  }

  /**
   * Waits until every flight has settled, or, shortly before the deadline, until every needed one has; or until it is interrupted, to be
   * called again.
   * @param deadline clock time, milliseconds
   * @param watchMs  how long to wait for the others once every needed one has settled, milliseconds; as long as those took is waited in
   *   any case. Absent where all are needed
   * @throws {GatewayError} DEADLINE_EXCEEDED, CALLER_GONE
   */
  async settled(deadline: number, signal: AbortSignal, watchMs?: number): Promise<void> {
    if (this.waitsFor.size === 0) return;
    this.watchMs = watchMs;
    const error = await new Promise<GatewayError | undefined>((resolve) => {
      const onAbort = () => this.end?.(callerGone());
      const allowed = Math.max(0, deadline - this.clock.now());
      const watchUntil = allowed - Math.min(SPARED.ms, (deadline - this.beganAt) * SPARED.share);
      const cancelWatching = watchMs === undefined ? undefined : this.clock.after(Math.max(0, watchUntil), () => this.stopWatching());
      const cancelTimer = this.clock.after(allowed, () => this.end?.(deadlinePassed()));
      this.end = (reason) => {
        this.end = undefined;
        cancelWatching?.();
        this.cancelWatch?.();
        this.cancelWatch = undefined;
        cancelTimer();
        signal.removeEventListener("abort", onAbort);
        resolve(reason);
      };
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
      this.endWhenDone();
    });
    const interrupted = this.interrupted;
    this.interrupted = false;
    if (!interrupted) this.abandon();
    if (error !== undefined) throw error;
  }

  /** Ends the wait, if there is one, and leaves nothing: there is something to do before it goes on. */
  interrupt(): void {
    if (this.end === undefined) return;
    this.interrupted = true;
    this.end(undefined);
  }

  /** Ends the wait when nothing is left to wait for, and gives what is only watched its time when nothing else is. */
  private endWhenDone(): void {
    if (this.end === undefined || this.needs.size > 0) return;
    if (this.watched || this.waitsFor.size === 0) this.end(undefined);
    else if (this.watchMs !== undefined)
      this.cancelWatch ??= this.clock.after(Math.max(this.watchMs, this.clock.now() - this.beganAt), () => this.stopWatching());
  }

  private stopWatching(): void {
    this.watched = true;
    this.endWhenDone();
  }

  /** Ends the wait, if there is one, with an error. */
  fail(error: GatewayError): void {
    this.end?.(error);
  }

  /** Leaves every flight that is still under way. */
  abandon(): void {
    for (const [flight, batcher] of this.waitsFor) batcher.leave(flight, this);
    this.waitsFor.clear();
    this.needs.clear();
  }

  /** How much of a stretch of time this request was there for: it may have joined a flight that was under way. */
  private share(from: number, to: number): number {
    return Math.max(0, to - Math.max(from, this.beganAt));
  }

  /** Counts the request as under way, once. */
  markStarted(): void {
    if (this.started) return;
    this.started = true;
    this.hooks.started();
  }
}

function callerGone(): GatewayError {
  return new GatewayError("CALLER_GONE", "the caller cancelled or disconnected");
}

function deadlinePassed(): GatewayError {
  return new GatewayError("DEADLINE_EXCEEDED", "the deadline passed before every judge had answered");
}
