import type { Clock } from "../../domain/clock.ts";
import type { UpstreamMetrics } from "../../telemetry/upstream-metrics.ts";
import type { Address } from "./address.ts";
import { type Ending, type Reading, readEnding } from "./ending.ts";
import type { EventReader } from "./http-target.ts";

export interface AttemptOptions<T> {
  /** Name of the backend. */
  readonly name: string;
  readonly reading: Reading<T>;
  /** Longest time for one attempt. */
  readonly responseTimeoutMs: number;
  readonly clock: Clock;
  readonly metrics?: UpstreamMetrics | undefined;
}

/** What is sent in one attempt. */
export interface AttemptedCall {
  readonly path: string;
  /** JSON text. */
  readonly body: string;
  /** Attempts that failed before. */
  readonly previousAttempts: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds until the most patient caller gives up. */
  readonly remainingMs: number;
  /** Aborts when nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
  /** Takes an answer that comes as events. */
  readonly events?: EventReader | undefined;
}

/** Share of the remaining time, and most milliseconds, that are kept back from the server so that its answer can be used. */
const MARGIN = { share: 0.05, ms: 20 };

/** Makes one attempt at one address, and counts it. What it means for the address is for the caller to tell its circuit. */
export async function makeAttempt<T>(
  { name, reading, responseTimeoutMs, clock, metrics }: AttemptOptions<T>,
  { target }: Address,
  { path, body, previousAttempts, headers, remainingMs, signal, events }: AttemptedCall,
): Promise<Ending<T>> {
  const label = { backend: name, address: target.name };
  const allowance = Math.floor(remainingMs - Math.min(MARGIN.ms, remainingMs * MARGIN.share));
  const start = clock.now();
  metrics?.running.inc(label);
  const outcome = await target.send({
    method: "POST",
    path,
    headers: {
      "content-type": "application/json",
      ...headers,
      ...(Number.isFinite(allowance) && { "x-request-timeout-ms": String(allowance) }),
    },
    body,
    previousAttempts,
    // The callers' deadline ends the call through the signal, which does not blame the server.
    timeoutMs: responseTimeoutMs,
    signal,
    events,
  });
  metrics?.running.dec(label);
  const ending = readEnding(name, outcome, reading);
  metrics?.calls.inc({ ...label, outcome: ending.outcome });
  metrics?.duration.observe(label, (clock.now() - start) / 1000);
  return ending;
}
