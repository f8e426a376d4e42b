import { type Backend, BatchCrash, type RunContext } from "../domain/backend.ts";
import type { Clock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Flight } from "./flight.ts";
import { QUARANTINE_MS, Suspects } from "./suspects.ts";

export interface IsolationOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  /** Ends a flight, once. */
  readonly finish: (flight: Flight, outcome: Parameters<Flight["settle"]>[0]) => void;
  /** Hears of each run that brought no answers. */
  readonly failed: () => void;
  readonly metrics?: Metrics | undefined;
}

/** Runs batches so that a call at fault fails alone. */
export interface Isolation {
  /**
   * Runs calls together and finishes each. When the backend refuses them together, they are halved until the call at fault
   * stands alone. When its process ends under them, they run together once more, then one by one, and the one that ends a
   * process by itself fails with BACKEND_REFUSED and is quarantined.
   *
   * @param alone whether the backend has nothing else to do
   */
  run(batch: readonly Flight[], alone: boolean): Promise<void>;
  /** Why this call must not run: it is in quarantine. */
  refusalOf(flight: Flight): GatewayError | undefined;
}

/** Whether the batcher counts a run itself, and knows that the backend is free; of one that is tried again neither holds. */
type Turn = "first" | "alone" | "again";

export function createIsolation(options: IsolationOptions): Isolation {
  const { backend, clock, finish, failed, metrics } = options;
  const label = { backend: backend.name };
  const suspects = new Suspects(clock);

  async function run(batch: readonly Flight[], turn: Turn): Promise<void> {
    const together: Flight[] = [];
    const alone: Flight[] = [];
    for (const flight of batch) (suspects.standingOf(flight.digest) === "alone" ? alone : together).push(flight);
    if (batch.length === 1) return attempt(batch, turn);
    if (together.length > 0) await attempt(together, turn);
    for (const flight of alone) await again([flight]);
  }

  async function attempt(batch: readonly Flight[], turn: Turn): Promise<void> {
    if (turn === "again") metrics?.batchesTotal.inc({ ...label, closed_by: "isolation" });
    const context = contextOf(batch, turn);
    try {
      const results = await backend.run(
        batch.map((flight) => flight.prepared!),
        context,
      );
      if (results.length !== batch.length) {
        throw new GatewayError("BACKEND_UNAVAILABLE", `backend "${backend.name}" answered ${results.length} of ${batch.length} calls`);
      }
      for (const [index, flight] of batch.entries()) {
        suspects.clear(flight.digest);
        finish(flight, { result: results[index]! });
      }
    } catch (thrown) {
      failed();
      await recover(batch, GatewayError.from(thrown), context.signal.aborted);
    }
  }

  /** Tells the backend when the last caller of the whole batch has left. */
  function contextOf(batch: readonly Flight[], turn: Turn): RunContext {
    const controller = new AbortController();
    for (const flight of batch) {
      flight.deserted = () => {
        if (batch.every(({ watchers }) => watchers.length === 0)) controller.abort();
      };
    }
    return {
      signal: controller.signal,
      remainingMs: () => Math.max(0, Math.max(...batch.map(({ expiresAt }) => expiresAt)) - clock.now()),
      alone: turn === "alone",
    };
  }

  async function recover(batch: readonly Flight[], error: GatewayError, deserted: boolean): Promise<void> {
    if (error instanceof BatchCrash) {
      for (const { digest } of batch) suspects.blame(digest);
      return again(batch);
    }
    // The backend may have stopped for want of callers; whoever has come since gets a run of their own.
    if (deserted) return again(batch);
    const halve = batch.length > 1 && error.reason !== "BACKEND_UNAVAILABLE";
    if (!halve) {
      for (const flight of batch) finish(flight, { error });
      return;
    }
    const middle = batch.length >> 1;
    await again(batch.slice(0, middle));
    await again(batch.slice(middle));
  }

  /** Runs what somebody still waits for, once those that must not run again are refused. When the batcher was abandoned nobody does. */
  async function again(batch: readonly Flight[]): Promise<void> {
    const wanted: Flight[] = [];
    for (const flight of batch) {
      const error = refusalOf(flight);
      if (error !== undefined) finish(flight, { error });
      else if (flight.watchers.length > 0) wanted.push(flight);
      else finish(flight, { error: new GatewayError("CALLER_GONE", "every caller of this call has left") });
    }
    if (wanted.length > 0) await run(wanted, "again");
  }

  function refusalOf(flight: Flight): GatewayError | undefined {
    if (suspects.standingOf(flight.digest) !== "quarantined") return undefined;
    metrics?.quarantined.inc(label);
    return new GatewayError(
      "BACKEND_REFUSED",
      `this text ends the processes of backend "${backend.name}" that run it; it is refused for ${QUARANTINE_MS / 60_000} minutes, so leave it out`,
    );
  }

  return { run: (batch, alone) => run(batch, alone ? "alone" : "first"), refusalOf };
}
