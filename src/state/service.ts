import { GatewayError } from "../domain/errors.ts";
import type { StateService, StateSnapshot, StateValue, StepInput } from "../domain/state.ts";
import type { StateMetrics } from "../telemetry/state-metrics.ts";
import { defineState, type Reported, type StateConfig, type StateDefinition } from "./kinds/index.ts";
import { decodeFacts, decodeValue, digestInput, encodeRecord, type Facts } from "./record.ts";
import { createRunQueue } from "./run-queue.ts";
import { checkInput } from "./step-input.ts";
import type { RunKey, StoredVersion } from "./store.ts";
import type { StoreCalls } from "./store-calls.ts";

export interface StateServiceOptions {
  /** The states of the configuration, by name. */
  readonly states: Readonly<Record<string, StateConfig>>;
  readonly store: StoreCalls;
  readonly metrics: StateMetrics;
  /** Time of day, milliseconds since 1970. */
  readonly wallClock: () => number;
}

/** What asks for a new version: a step with its input, or a reset without one. */
interface Request {
  readonly stepId: string;
  readonly inputDigest: string;
  readonly input?: Reported<keyof StepInput>;
}

/** A run of a state that the configuration has. */
interface Run extends RunKey {
  readonly definition: StateDefinition;
}

/** How often a change is tried again because another replica was faster; each failure is another replica's success. */
const MAX_TRIES = 64;

/** The states of a gateway, over one store. */
export function createStateService({ states, store, metrics, wallClock }: StateServiceOptions): StateService {
  const definitions = new Map(Object.entries(states).map(([name, config]) => [name, defineState(config)]));
  metrics.declare([...definitions.keys()]);
  const alone = createRunQueue();

  function find(state: string, run: string): Run {
    const definition = definitions.get(state);
    if (definition === undefined) throw stateNotFound([...definitions.keys()]);
    return { state, run, definition };
  }

  /** Version 0 of a run, which comes before its first step or pin. */
  function start({ definition }: Run): StoredVersion {
    const facts = { change: "start", at: now() } as const;
    return encodeRecord({ version: 0, state: definition.initial(), facts, cause: { config: definition.config } });
  }

  function next(run: Run, version: number, before: string, request: Request): StoredVersion {
    const { input, ...made } = request;
    const { definition } = run;
    const { config } = definition;
    // A reset looks at nothing that was before, so it is the way out for a run whose judges are no longer those of the state.
    if (input === undefined) {
      return encodeRecord({ version, state: definition.initial(), facts: { change: "reset", ...made, at: now() }, cause: { config } });
    }
    const facts = { change: "step", ...made, at: now() } as const;
    return encodeRecord({ version, state: definition.step(fitting(run, before), input), facts, cause: { config, input } });
  }

  function now(): string {
    return new Date(wallClock()).toISOString();
  }

  /** Adds versions to a run. @returns false when another replica moved it meanwhile */
  async function append(run: Run, versions: readonly StoredVersion[], expected: number | undefined): Promise<boolean> {
    const { state } = run;
    const outcome = await store.call("append", (open) => open.append(run, versions, expected));
    if (outcome === "full") {
      const message = `state "${state}" has as many runs as state.maxRuns allows, all with a pin; unpin one, or raise the limit`;
      throw new GatewayError("STATE_RUNS_PINNED", message);
    }
    if (outcome === "evicted") metrics.runsEvicted.inc({ state });
    if (outcome === "moved") metrics.contention.inc({ state });
    return outcome !== "moved";
  }

  async function change(run: Run, request: Request): Promise<StateSnapshot> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const found = await store.call("find", (open) => open.find(run, request.stepId));
      if (found?.made !== undefined) {
        const { version, value, facts } = found.made;
        if (factsOf(run, facts).inputDigest !== request.inputDigest) throw stepConflict(run, version);
        metrics.steps.inc({ state: run.state, outcome: "repeated" });
        return snapshot(run, version, value);
      }
      const first = found === undefined ? start(run) : undefined;
      const { version, value } = first ?? found!.latest;
      if (!Number.isSafeInteger(version)) throw unreadable(run);
      const made = next(run, version + 1, value, request);
      if (!(await append(run, first === undefined ? [made] : [first, made], found?.latest.version))) continue;
      metrics.steps.inc({ state: run.state, outcome: request.input === undefined ? "reset" : "applied" });
      return snapshot(run, made.version, made.value);
    }
    throw new GatewayError("STATE_STORE_UNAVAILABLE", "other replicas step this run faster than this one can; send the same step again");
  }

  /** Runs a change in its turn and counts one that is refused. */
  async function counted(run: Run, request: () => Request): Promise<StateSnapshot> {
    try {
      const made = request();
      return await alone(run, () => change(run, made));
    } catch (thrown) {
      const conflict = thrown instanceof GatewayError && thrown.reason === "STATE_STEP_CONFLICT";
      metrics.steps.inc({ state: run.state, outcome: conflict ? "conflict" : "refused" });
      throw thrown;
    }
  }

  async function read(run: Run, which?: number | "latest"): Promise<StateSnapshot> {
    const reply = await store.call("read", (open) => open.read(run, which));
    if (reply === undefined && (which === undefined || which === "latest" || which === 0)) {
      return { name: run.state, run: run.run, version: 0, ...run.definition.initial() };
    }
    if (reply?.found === undefined) throw versionNotFound(run, which as number);
    return snapshot(run, reply.found.version, reply.found.value);
  }

  async function pin(run: Run, version: number | undefined): Promise<StateSnapshot> {
    const wanted = await read(run, version ?? "latest");
    const isKept = () => store.call("pin", (open) => open.pin(run, wanted.version));
    if (await isKept()) return wanted;
    // Only a run that was never stepped has nothing to pin; another replica may start it first, at the same version 0.
    if (wanted.version === 0) await append(run, [start(run)], undefined);
    if (await isKept()) return wanted;
    throw versionNotFound(run, wanted.version);
  }

  return {
    read: async (name, run, version) => read(find(name, run), version),
    list: () =>
      Promise.all(
        [...definitions].map(async ([name, { kind, description, judges }]) => {
          const runs = await store.call("runs", (open) => open.runs(name));
          return { name, kind, description, judges, runs };
        }),
      ),
    async step(name, run, stepId, reported) {
      const found = find(name, run);
      return counted(found, () => {
        const input = checkInput(name, found.definition, reported);
        return { stepId, input, inputDigest: digestInput(input) };
      });
    },
    reset: async (name, run, stepId) => counted(find(name, run), () => ({ stepId, inputDigest: digestInput(undefined) })),
    async pin(name, run, version) {
      const found = find(name, run);
      return alone(found, () => pin(found, version));
    },
    async unpin(name, run) {
      const found = find(name, run);
      await store.call("pin", (open) => open.unpin(found));
      return read(found);
    },
    async history(name, run) {
      const found = find(name, run);
      const { versions, pinned } = await store.call("history", (open) => open.history(found));
      return versions.map(({ version, facts }) => ({ version, ...factsOf(found, facts), pinned: version === pinned }));
    },
  };
}

/** The states of a gateway whose configuration has none. */
export const NO_STATES: StateService = {
  list: async () => [],
  read: nothing,
  step: nothing,
  reset: nothing,
  pin: nothing,
  unpin: nothing,
  history: nothing,
};

async function nothing(): Promise<never> {
  throw stateNotFound([]);
}

function snapshot(run: Run, version: number, value: string): StateSnapshot {
  if (!Number.isSafeInteger(version)) throw unreadable(run);
  return { name: run.state, run: run.run, version, ...fitting(run, value) };
}

/** A stored value of the judges that the configuration gives the state now. */
function fitting(run: Run, value: string): StateValue {
  const { state, definition } = run;
  const stored = decodeValue(value);
  if (stored === undefined) throw unreadable(run);
  if (definition.fits(stored)) return stored;
  const message =
    `this run of state "${state}" was kept with another kind or other judges than the configuration has now; ` +
    "reset the run, take another run id, or restore the configuration";
  throw new GatewayError("STATE_STALE", message);
}

function factsOf(run: Run, facts: string): Facts {
  const stored = decodeFacts(facts);
  if (stored === undefined) throw unreadable(run);
  return stored;
}

/** The error of a run about which the store says what no gateway writes. */
function unreadable({ state }: Run): GatewayError {
  const message =
    `what the store holds of this run of state "${state}" cannot be read, as if another program had written it; ` +
    "reset the run, take another run id, or restore the store";
  return new GatewayError("STATE_STALE", message);
}

function stateNotFound(known: readonly string[]): GatewayError {
  const there = known.length === 0 ? "the configuration has none" : `there are: ${known.join(", ")}`;
  return new GatewayError("STATE_NOT_FOUND", `no state of that name; ${there}`, { details: { field: "name" } });
}

function versionNotFound({ state }: Run, version: number): GatewayError {
  const message = `this run of state "${state}" has no version ${version}, or it is no longer kept; its history lists what is there`;
  return new GatewayError("STATE_VERSION_NOT_FOUND", message, { details: { field: "version" } });
}

function stepConflict({ state }: Run, version: number): GatewayError {
  const message = `this step id made version ${version} of this run of state "${state}" from another input; take a new step id`;
  return new GatewayError("STATE_STEP_CONFLICT", message, { details: { field: "stepId" } });
}
