import type { Backend, Call, PreparedCall } from "../domain/backend.ts";
import type { Clock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";
import { PRIORITIES } from "../domain/score.ts";
import type { BatchClosedBy, Metrics } from "../telemetry/metrics.ts";
import { CHARACTERS_PER_TOKEN, type QueueLimits, refusalOf } from "./admission.ts";
import { digestCall } from "./digest.ts";
import { Flight, type Urgency, type Watcher } from "./flight.ts";
import { createIsolation } from "./isolation.ts";
import { type Batch, LengthQueue } from "./length-queue.ts";
import { createRateMeter } from "./rate-meter.ts";
import { Unprepared } from "./unprepared.ts";

export interface BatcherOptions {
  readonly backend: Backend;
  readonly queue: QueueLimits;
  readonly clock: Clock;
  /** Uniform in [0, 1): spreads the retry hints. */
  readonly random: () => number;
  readonly metrics?: Metrics;
}

/** The way from calls to a backend: single flight, bounded queue, tokenisation, batches, isolation of bad calls. */
export interface Batcher {
  readonly backend: Backend;
  /**
   * Joins the flights of these calls, starting those that are not under way. All or nothing.
   * @returns one flight per call, same order; equal calls share one
   * @throws {GatewayError} QUEUE_FULL when they do not all fit now and are not under way already, TOO_LARGE when they never will,
   *   DEADLINE_EXCEEDED when what goes before them alone takes longer than `expiresAt` allows
   */
  dispatch(calls: readonly Call[], watcher: Watcher, urgency: Urgency): Flight[];
  /** The watcher waits no longer for this flight. */
  leave(flight: Flight, watcher: Watcher): void;
  /** Estimated time to work off what waits, milliseconds; 0 while the speed is unknown. */
  backlogMs(): number;
  /** Ends everything that waits or runs with `error`; later answers of the backend are ignored. */
  abandon(error: GatewayError): void;
}

/** Calls handed to the backend's tokenizer at once. */
const PREPARE_CHUNK = 64;
/** Prepared batches to have in stock per parallel executor, so that lengths can be matched without preparing everything at once. */
const STOCKED_BATCHES = 12;

export function createBatcher(options: BatcherOptions): Batcher {
  const { backend, queue, clock, random, metrics } = options;
  const { limits } = backend;
  const label = { backend: backend.name };
  const flights = new Map<string, Flight>();
  const unprepared = new Unprepared();
  let preparing = false;
  const ready = new LengthQueue(limits);
  let arrivals = 0;
  let waitingCalls = 0;
  let waitingText = 0;
  let preparedText = 0;
  let runningBatches = 0;
  let dispatchScheduled = false;
  let cancelDelay: (() => void) | undefined;
  let abandoned: GatewayError | undefined;
  const rate = createRateMeter();
  // Time that went into what failed says nothing of the speed of what will be answered.
  const failed = () => rate.busy(clock.now());
  const isolation = createIsolation({ backend, clock, finish, failed, metrics });

  metrics?.declareBackend(backend.name);
  metrics?.queueLimitItems.set(label, queue.maxCalls);
  metrics?.onScrape(() => {
    const waiting = [...flights.values()].filter((flight) => flight.state === "waiting");
    for (const priority of PRIORITIES)
      metrics.queueItems.set({ ...label, priority }, waiting.filter((f) => f.priority === priority).length);
    metrics.queueBytes.set(label, waitingText);
    metrics.queueTokens.set(label, ready.tokens);
    metrics.backlog.set(label, backlogMs() / 1000);
  });

  function backlogMs(): number {
    const perMs = rate.perMs();
    return perMs === 0 ? 0 : queuedTokens() / perMs;
  }

  /** Tokens that wait, counted where the tokenizer has been and estimated elsewhere. */
  function queuedTokens(): number {
    return ready.tokens + (waitingText - preparedText) / CHARACTERS_PER_TOKEN;
  }

  /** Estimated time to work off what goes before a call of this rank, milliseconds. */
  function backlogBeforeMs(rank: number): number {
    let tokens = 0;
    for (const flight of flights.values()) {
      if (flight.state === "waiting" && flight.rank <= rank) tokens += flight.prepared?.tokens ?? flight.textSize / CHARACTERS_PER_TOKEN;
    }
    return tokens / rate.perMs();
  }

  function admit(fresh: readonly Flight[], { priority, rank, expiresAt, underWay = false }: Urgency): void {
    if (abandoned) throw abandoned;
    let textSize = 0;
    for (const flight of fresh) textSize += flight.textSize;
    const state = { calls: waitingCalls, textSize: waitingText, tokens: queuedTokens(), backlogMs: backlogMs() };
    const remainingMs = expiresAt - clock.now();
    const demand = { priority, calls: fresh.length, textSize, remainingMs };
    const refusal = refusalOf(backend.name, { limits: queue, state, demand }, random);
    if (refusal === undefined || (underWay && refusal.reason === "QUEUE_FULL")) return;
    // The whole backlog is at hand; what of it is less urgent and goes later has to be counted.
    if (refusal.reason === "DEADLINE_EXCEEDED" && backlogBeforeMs(rank) <= remainingMs) return;
    throw refusal;
  }

  function dispatch(calls: readonly Call[], watcher: Watcher, urgency: Urgency): Flight[] {
    const now = clock.now();
    const fresh: Flight[] = [];
    const started = new Map<string, Flight>();
    const wanted = calls.map((call) => {
      const digest = digestCall(call);
      const known = started.get(digest) ?? flights.get(digest);
      if (known !== undefined) return known;
      const flight = new Flight(call, digest, arrivals++, urgency, now);
      started.set(digest, flight);
      fresh.push(flight);
      return flight;
    });
    if (fresh.length > 0) admit(fresh, urgency);
    for (const flight of fresh) {
      flights.set(flight.digest, flight);
      unprepared.push(flight);
      waitingCalls++;
      waitingText += flight.textSize;
    }
    for (const flight of new Set(wanted)) {
      const rank = flight.rank;
      if (!started.has(flight.digest)) metrics?.coalesced.inc();
      flight.join(watcher, urgency);
      if (flight.rank === rank || flight.state !== "waiting") continue;
      if (flight.prepared) ready.reprioritise(flight);
      else unprepared.reprioritise();
    }
    if (wanted.length > 0) schedule();
    return wanted;
  }

  function leave(flight: Flight, watcher: Watcher): void {
    if (flight.leave(watcher) || flight.state !== "waiting") return;
    const outcome = flight.expiresAt <= clock.now() ? "expired" : "cancelled";
    unqueue(flight, outcome);
    flights.delete(flight.digest);
    flight.settle({ error: new GatewayError("CALLER_GONE", "every caller of this call has left") }, clock.now());
  }

  /** Takes a waiting flight out of the books of the queue. */
  function unqueue(flight: Flight, outcome: "dispatched" | "cancelled" | "expired" | "failed"): void {
    waitingCalls--;
    waitingText -= flight.textSize;
    metrics?.queueWait.observe({ ...label, outcome }, (clock.now() - flight.queuedAt) / 1000);
    if (flight.prepared === undefined) return;
    preparedText -= flight.textSize;
    if (outcome !== "dispatched") ready.forget(flight);
  }

  /** Lets everything that arrives in this turn of the event loop gather before the first batch is formed. */
  function schedule(): void {
    if (dispatchScheduled) return;
    dispatchScheduled = true;
    setImmediate(() => {
      dispatchScheduled = false;
      void prepareMore();
      fillSlots();
    });
  }

  async function prepareMore(): Promise<void> {
    if (preparing) return;
    preparing = true;
    for (let next = takeUnprepared(); next.length > 0; next = takeUnprepared()) {
      const chunk: Flight[] = [];
      for (const flight of next) {
        const refusal = isolation.refusalOf(flight);
        if (refusal === undefined) chunk.push(flight);
        else refuse(flight, refusal);
      }
      if (chunk.length === 0) continue;
      const prepared = await prepareChunk(chunk);
      for (const [index, flight] of chunk.entries()) receivePrepared(flight, prepared[index]!);
      fillSlots();
    }
    preparing = false;
  }

  /** The most urgent flights that are not prepared, as long as stock is short; beyond it only those that are more urgent than all of it. */
  function takeUnprepared(): Flight[] {
    const isShort = ready.tokens < STOCKED_BATCHES * limits.parallelism * limits.maxBatchTokens;
    const inStock = ready.peek()?.rank ?? Number.POSITIVE_INFINITY;
    return unprepared.take(PREPARE_CHUNK, ({ rank }) => isShort || rank < inStock);
  }

  async function prepareChunk(chunk: readonly Flight[]): Promise<(PreparedCall | Error)[]> {
    try {
      return await backend.prepare(chunk.map((flight) => flight.call));
    } catch (error) {
      return chunk.map(() => GatewayError.from(error));
    }
  }

  function receivePrepared(flight: Flight, prepared: PreparedCall | Error): void {
    if (flight.state !== "waiting") return;
    if (prepared instanceof Error) {
      refuse(flight, GatewayError.from(prepared));
      return;
    }
    flight.ready(prepared, clock.now());
    preparedText += flight.textSize;
    ready.push(flight);
  }

  function refuse(flight: Flight, error: GatewayError): void {
    unqueue(flight, "failed");
    finish(flight, { error });
  }

  /** Hands batches over while the backend has room for them. */
  function fillSlots(): void {
    cancelDelay?.();
    cancelDelay = undefined;
    while (runningBatches < limits.concurrency && ready.size > 0) {
      const anchor = ready.peek();
      if (anchor === undefined) return;
      if (anchor.expiresAt <= clock.now()) {
        unqueue(anchor, "expired");
        finish(anchor, { error: new GatewayError("DEADLINE_EXCEEDED", "the deadline passed in the queue") });
        continue;
      }
      const waitedMs = clock.now() - anchor.queuedAt;
      if (
        limits.maxDelayMs > 0 &&
        waitedMs < limits.maxDelayMs &&
        ready.tokens < limits.maxBatchTokens &&
        ready.size < limits.maxBatchCalls
      ) {
        cancelDelay = clock.after(limits.maxDelayMs - waitedMs, fillSlots);
        return;
      }
      const batch = ready.take(limits, tokenBudget());
      if (batch === undefined) return;
      void runBatch(batch, limits.maxDelayMs > 0 && batch.closedBy === "idle" ? "delay" : batch.closedBy);
    }
    if (unprepared.size > 0) void prepareMore();
  }

  /**
   * A full batch while there is plenty; otherwise an even share for every executor without work, so that none idles beside a long batch. One
   * executor has nobody to share with: a share, which is of tokens without padding, would leave the shortest text of a group to a pass of its own.
   */
  function tokenBudget(): number {
    if (limits.parallelism === 1) return limits.maxBatchTokens;
    const idle = limits.parallelism - runningBatches;
    return Math.min(limits.maxBatchTokens, Math.ceil(ready.tokens / (idle > 0 ? idle : limits.parallelism)));
  }

  async function runBatch(batch: Batch, closedBy: BatchClosedBy): Promise<void> {
    runningBatches++;
    const alone = runningBatches === 1 && waitingCalls === batch.flights.length;
    const start = clock.now();
    if (runningBatches === 1) rate.busy(start);
    for (const flight of batch.flights) {
      unqueue(flight, "dispatched");
      flight.start(start);
    }
    metrics?.batchesTotal.inc({ ...label, closed_by: closedBy });
    metrics?.batchItems.observe(label, batch.flights.length);
    metrics?.batchTokens.observe(label, batch.readTokens);
    if (limits.padded) metrics?.batchPadding.observe(label, 1 - batch.readTokens / batch.paddedTokens);
    if (batch.readTokens < batch.tokens) metrics?.sharedTokens.inc(label, batch.tokens - batch.readTokens);
    await isolation.run(batch.flights, alone);
    metrics?.batchDuration.observe(label, (clock.now() - start) / 1000);
    const answered = batch.flights.reduce((sum, { result, prepared }) => sum + (result ? prepared!.tokens : 0), 0);
    if (answered > 0) rate.completed(answered, clock.now());
    runningBatches--;
    fillSlots();
  }

  function finish(flight: Flight, outcome: Parameters<Flight["settle"]>[0]): void {
    if (flights.get(flight.digest) === flight) flights.delete(flight.digest);
    flight.settle(outcome, clock.now());
  }

  function abandon(error: GatewayError): void {
    abandoned = error;
    cancelDelay?.();
    for (const flight of [...flights.values()]) {
      if (flight.state === "waiting") unqueue(flight, "cancelled");
      finish(flight, { error });
    }
  }

  return { backend, dispatch, leave, backlogMs, abandon };
}
