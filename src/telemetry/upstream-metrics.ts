import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** How one request to an upstream server ended. */
export type UpstreamOutcome = "ok" | "throttled" | "refused" | "failed" | "late" | "unreadable" | "withdrawn";

const OUTCOMES: readonly UpstreamOutcome[] = ["ok", "throttled", "refused", "failed", "late", "unreadable", "withdrawn"];
const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120];
/** Values of the gauge of a circuit. */
export const CIRCUIT_VALUES = { closed: 0, halfOpen: 1, open: 2 } as const;

/** One address of a backend, as labels. */
type Place = { readonly backend: string; readonly address: string };

/** The metrics of servers that the gateway calls. */
export function createUpstreamMetrics(registry: Registry) {
  const registers = [registry];
  const calls = new Counter({
    name: "rewardgate_upstream_calls_total",
    help: "Requests to upstream servers, each attempt counted, by how they ended.",
    labelNames: ["backend", "address", "outcome"],
    registers,
  });
  const retries = new Counter({
    name: "rewardgate_upstream_retries_total",
    help: "Requests to upstream servers that repeated a failed one.",
    labelNames: ["backend"],
    registers,
  });
  const duration = new Histogram({
    name: "rewardgate_upstream_call_duration_seconds",
    help: "Time from a request to an upstream server to the last byte of its answer, or to its failure.",
    labelNames: ["backend", "address"],
    buckets: SECONDS,
    registers,
  });
  const running = new Gauge({
    name: "rewardgate_upstream_calls_running",
    help: "Requests that an upstream server has not answered yet.",
    labelNames: ["backend", "address"],
    registers,
  });
  const circuit = new Gauge({
    name: "rewardgate_upstream_circuit_state",
    help: "0 when calls go to the address, 1 while one call probes it, 2 while none goes.",
    labelNames: ["backend", "address"],
    registers,
  });
  const up = new Gauge({
    name: "rewardgate_upstream_up",
    help: "1 when the address answered the last health check.",
    labelNames: ["backend", "address"],
    registers,
  });
  const proven = new Gauge({
    name: "rewardgate_upstream_proven",
    help: "1 when the address has shown that its answers can be used, or nothing has to be shown.",
    labelNames: ["backend", "address"],
    registers,
  });
  const ejections = new Counter({
    name: "rewardgate_upstream_ejections_total",
    help: "Times that the address was left alone because it failed, or failed more than the others.",
    labelNames: ["backend", "address"],
    registers,
  });
  const lastResorts = new Counter({
    name: "rewardgate_upstream_last_resorts_total",
    help: "Calls that went to one of several addresses although all were left alone.",
    labelNames: ["backend"],
    registers,
  });
  const forbidden = new Counter({
    name: "rewardgate_upstream_forbidden_addresses_total",
    help: "Times that the name of an upstream server stood for an address where none is asked: this machine, a link, a cloud's metadata.",
    labelNames: ["backend", "address"],
    registers,
  });
  const hedges = new Counter({
    name: "rewardgate_upstream_hedges_total",
    help: "Requests to upstream servers that were made beside one that took long: `won` when their answer was taken, else `lost`.",
    labelNames: ["backend", "outcome"],
    registers,
  });
  const retryBudget = new Gauge({
    name: "rewardgate_upstream_retry_budget",
    help: "Retries that failures may still take; 0 when nothing is asked again.",
    labelNames: ["backend"],
    registers,
  });
  const neutralised = new Counter({
    name: "rewardgate_upstream_neutralised_total",
    help: "Control strings in texts of requests that were broken up before a server could take them for tokens.",
    labelNames: ["backend"],
    registers,
  });
  const rateHeld = new Counter({
    name: "rewardgate_upstream_rate_held_total",
    help: "Requests that were held back to keep within what a server allows a minute: `waited`, or `refused` since their callers would not wait.",
    labelNames: ["backend", "outcome"],
    registers,
  });
  return {
    calls,
    retries,
    duration,
    running,
    circuit,
    up,
    proven,
    ejections,
    lastResorts,
    forbidden,
    hedges,
    retryBudget,
    neutralised,
    rateHeld,
    /** Creates the series of one backend before its first call. */
    declare(backend: string): void {
      retries.inc({ backend }, 0);
      neutralised.inc({ backend }, 0);
      lastResorts.inc({ backend }, 0);
      for (const outcome of ["won", "lost"]) hedges.inc({ backend, outcome }, 0);
      for (const outcome of ["waited", "refused"]) rateHeld.inc({ backend, outcome }, 0);
    },
    /** Creates the series of one address before its first call. */
    declareAddress(place: Place): void {
      for (const outcome of OUTCOMES) calls.inc({ ...place, outcome }, 0);
      ejections.inc(place, 0);
      forbidden.inc(place, 0);
      circuit.set(place, CIRCUIT_VALUES.closed);
      for (const gauge of [running, up, proven]) gauge.set(place, 0);
    },
  };
}

export type UpstreamMetrics = ReturnType<typeof createUpstreamMetrics>;
