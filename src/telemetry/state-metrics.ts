import { Counter, Histogram, type Registry } from "prom-client";

/** How a step or a reset ended. */
export type StepOutcome = "applied" | "repeated" | "reset" | "conflict" | "refused";
/** What was asked of the store. */
export type StoreOperation = "read" | "find" | "append" | "pin" | "history" | "runs";

const STEP_OUTCOMES: readonly StepOutcome[] = ["applied", "repeated", "reset", "conflict", "refused"];
const STORE_OPERATIONS: readonly StoreOperation[] = ["read", "find", "append", "pin", "history", "runs"];
const STORE_SECONDS = [0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The metrics of server state. Runs are never a label: there is no bound on their names over time. */
export function createStateMetrics(registry: Registry) {
  const registers = [registry];
  const steps = new Counter({
    name: "rewardgate_state_steps_total",
    help: "Steps and resets of server state, by how they ended.",
    labelNames: ["state", "outcome"],
    registers,
  });
  const contention = new Counter({
    name: "rewardgate_state_contention_total",
    help: "Steps that were computed again because another replica had moved the run.",
    labelNames: ["state"],
    registers,
  });
  const runsEvicted = new Counter({
    name: "rewardgate_state_runs_evicted_total",
    help: "Runs that were dropped to make room for a new one.",
    labelNames: ["state"],
    registers,
  });
  const storeDuration = new Histogram({
    name: "rewardgate_state_store_duration_seconds",
    help: "Time that the store of server state took.",
    labelNames: ["operation"],
    buckets: STORE_SECONDS,
    registers,
  });
  const storeErrors = new Counter({
    name: "rewardgate_state_store_errors_total",
    help: "Operations that the store of server state failed.",
    labelNames: ["operation"],
    registers,
  });
  return {
    steps,
    contention,
    runsEvicted,
    storeDuration,
    storeErrors,
    /** Creates the series of the states before their first step. */
    declare(states: readonly string[]): void {
      for (const state of states) {
        for (const outcome of STEP_OUTCOMES) steps.inc({ state, outcome }, 0);
        contention.inc({ state }, 0);
        runsEvicted.inc({ state }, 0);
      }
      for (const operation of STORE_OPERATIONS) storeErrors.inc({ operation }, 0);
    },
  };
}

export type StateMetrics = ReturnType<typeof createStateMetrics>;
