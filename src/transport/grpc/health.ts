import type { Server, ServerWritableStream, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { HealthImplementation, type ServingStatusMap } from "grpc-health-check";
import type { ReadinessSource } from "../../domain/service.ts";

/** The whole server, and the services by name. */
const NAMES: readonly string[] = ["", "rewardgate.v1.RewardService", "rewardgate.v1.StateService", "rewardgate.v1.RunService"];
/** Stands for every other name: the library remembers each that was ever watched, however long it is and whoever made it up. */
const OTHER = "unknown";

/** The health service of a running server. */
export interface Health {
  /** Ends the Watch streams, which would otherwise outlive every call of a draining server. */
  endWatches(): void;
  /** Stops following readiness. */
  stop(): void;
}

type Watch = ServerWritableStream<{ service: string }, unknown>;

/** Adds grpc.health.v1.Health (Check, Watch, List), which follows readiness: Watch streams hear each change as it happens, once. */
export function addHealth(server: Server, readiness: ReadinessSource): Health {
  const status = (ready: boolean) => (ready ? "SERVING" : "NOT_SERVING");
  let told = readiness.current().ready;
  const initial: ServingStatusMap = Object.fromEntries(NAMES.map((name) => [name, status(told)]));
  const health = new HealthImplementation(initial);
  const watches = new Set<Watch>();
  const addService = (definition: ServiceDefinition, implementation: UntypedServiceImplementation) => {
    const watch = (call: Watch) => {
      watches.add(call);
      call.on("cancelled", () => watches.delete(call));
      if (!NAMES.includes(call.request.service)) call.request.service = OTHER;
      (implementation.watch as (call: Watch) => void)(call);
    };
    server.addService(definition, { ...implementation, watch });
  };
  health.addToServer({ addService } as unknown as Parameters<HealthImplementation["addToServer"]>[0]);
  const stop = readiness.onChange(({ ready }) => {
    // A check may change without changing the whole, and the library tells whatever it is given.
    if (ready === told) return;
    told = ready;
    for (const name of NAMES) health.setStatus(name, status(ready));
  });
  return {
    endWatches() {
      for (const call of watches) call.end();
      watches.clear();
    },
    stop,
  };
}
