import { type Call, type CallResult, type PreparedCall, segmentsOf } from "../domain/backend.ts";
import type { GatewayError } from "../domain/errors.ts";
import type { Judge } from "../domain/judge.ts";
import { PRIORITIES, type Priority } from "../domain/score.ts";

/** Whoever waits for a flight: hears when it starts to run and when it ends. */
export interface Watcher {
  flightStarted(flight: Flight): void;
  flightSettled(flight: Flight): void;
}

/** How urgent a piece of work is. */
export interface Urgency {
  readonly priority: Priority;
  /** Time before which no other work of its kind goes first, clock milliseconds: arrival plus the priority's allowance. */
  readonly rank: number;
  /** Clock time after which nobody waits for it any more. */
  readonly expiresAt: number;
  /** Goes on with work that was let in before, and so waits for its place however full the queue is. Default false. */
  readonly underWay?: boolean;
}

/**
 * One call on its way through a backend, shared by everybody who asks the same at the same time.
 * It belongs to no caller: when one leaves, the others keep it; when the last leaves before it runs, it never runs.
 */
export class Flight {
  readonly call: Call;
  readonly digest: string;
  /** Number in the order of arrival: decides between equal ranks and lengths. */
  readonly order: number;
  /** Size of the call's text, UTF-16 units: what the queue's byte bound counts. */
  readonly textSize: number;
  state: "waiting" | "running" | "settled" = "waiting";
  priority: Priority;
  rank: number;
  expiresAt: number;
  /** Set once the backend has prepared the call. */
  prepared: PreparedCall | undefined;
  readonly queuedAt: number;
  preparedAt = 0;
  startedAt = 0;
  settledAt = 0;
  result: CallResult | undefined;
  error: GatewayError | undefined;
  readonly watchers: Watcher[] = [];
  /** Runs when the last watcher leaves a flight that is running. */
  deserted: () => void = () => {};

  constructor(call: Call, digest: string, order: number, urgency: Urgency, now: number) {
    this.call = call;
    this.digest = digest;
    this.order = order;
    this.priority = urgency.priority;
    this.rank = urgency.rank;
    this.expiresAt = urgency.expiresAt;
    this.queuedAt = now;
    let size = 0;
    for (const segment of segmentsOf(call)) size += segment.text.length;
    this.textSize = size;
  }

  /** Adds a watcher, once; the flight becomes as urgent as its most urgent watcher and lives as long as its most patient one. */
  join(watcher: Watcher, urgency: Urgency): void {
    if (!this.watchers.includes(watcher)) this.watchers.push(watcher);
    if (urgency.rank < this.rank) this.rank = urgency.rank;
    if (PRIORITIES.indexOf(urgency.priority) < PRIORITIES.indexOf(this.priority)) this.priority = urgency.priority;
    if (urgency.expiresAt > this.expiresAt) this.expiresAt = urgency.expiresAt;
  }

  /** @returns whether anybody still waits */
  leave(watcher: Watcher): boolean {
    const index = this.watchers.indexOf(watcher);
    if (index >= 0) this.watchers.splice(index, 1);
    if (this.watchers.length > 0) return true;
    if (this.state === "running") this.deserted();
    return false;
  }

  /** The backend has made the call ready. */
  ready(prepared: PreparedCall, now: number): void {
    this.prepared = prepared;
    this.preparedAt = now;
  }

  start(now: number): void {
    this.state = "running";
    this.startedAt = now;
    for (const watcher of this.watchers) watcher.flightStarted(this);
  }

  settle(outcome: { result: CallResult } | { error: GatewayError }, now: number): void {
    if (this.state === "settled") return;
    this.state = "settled";
    this.settledAt = now;
    if ("result" in outcome) this.result = outcome.result;
    else this.error = outcome.error;
    for (const watcher of this.watchers.splice(0)) watcher.flightSettled(this);
  }
}

/**
 * What a settled flight brought a judge.
 *
 * @throws {GatewayError} that of a flight that failed, where the judge does not bear failures
 */
export function answerOf({ result, error }: Flight, { bearsFailures }: Judge): CallResult {
  if (result !== undefined) return result;
  if (bearsFailures) return { outputs: {}, tokens: 0, failure: error! };
  throw error!;
}
