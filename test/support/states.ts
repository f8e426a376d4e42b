import type { StateService } from "../../src/domain/state.ts";
import { type StateConfig, stateSchema } from "../../src/state/kinds/index.ts";
import { createStateService } from "../../src/state/service.ts";
import type { StateStore } from "../../src/state/store.ts";
import { createStoreCalls, type StoreCalls } from "../../src/state/store-calls.ts";
import { recordingTelemetry } from "./scripted-service.ts";

/** One state of each kind. */
export const EVERY_KIND = {
  safety: { kind: "multipliers", judges: { a: { threshold: 0.44 } } },
  experts: { kind: "hedge", judges: { a: {}, b: {} }, learningRate: 1 },
  scales: { kind: "runningScale", judges: ["a", "b"] },
  bundles: { kind: "quantileTracker", share: 0.5 },
} as const;

/** States as a configuration declares them, defaults filled in. */
export function statesOf(written: Readonly<Record<string, object>>): Record<string, StateConfig> {
  return Object.fromEntries(Object.entries(written).map(([name, state]) => [name, stateSchema.parse(state)]));
}

/** A state service over a store, with what it reports. Time is what the test says. */
export function stateService(
  written: Readonly<Record<string, object>>,
  store: StateStore,
  wallClock: () => number = () => 0,
): { readonly service: StateService; readonly calls: StoreCalls } & ReturnType<typeof recordingTelemetry> {
  const telemetry = recordingTelemetry();
  const metrics = telemetry.metrics.state;
  const calls = createStoreCalls(store, metrics, telemetry.log);
  return { service: createStateService({ states: statesOf(written), store: calls, metrics, wallClock }), calls, ...telemetry };
}
