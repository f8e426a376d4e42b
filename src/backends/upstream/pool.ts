import type { Clock } from "../../domain/clock.ts";
import type { Logger } from "../../telemetry/log.ts";
import { CIRCUIT_VALUES, type UpstreamMetrics } from "../../telemetry/upstream-metrics.ts";
import { type Address, isReady } from "./address.ts";
import { type CircuitState, createCircuit } from "./circuit.ts";
import type { Entered } from "./door.ts";
import type { Ending } from "./ending.ts";
import type { HttpTarget } from "./http-target.ts";
import { createOutlierWatch } from "./outliers.ts";
import { createProof } from "./proof.ts";

export interface PoolOptions {
  /** Name of the backend. */
  readonly name: string;
  readonly urls: readonly string[];
  readonly connect: (url: string) => HttpTarget;
  /** Tries one server before its answers are used. Without it nothing has to be shown. */
  readonly prove?: ((address: Address) => Promise<void>) | undefined;
  /** Time between proofs of a server that has passed one. */
  readonly proofIntervalMs: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics?: UpstreamMetrics | undefined;
  readonly log?: Logger | undefined;
}

/** The servers of an upstream, with account of how each does. */
export interface Pool {
  readonly addresses: readonly Address[];
  /** Whether one of them could answer now. */
  readonly ready: boolean;
  onReadiness(listener: (ready: boolean) => void): () => void;
  /** Takes account of how an attempt ended. */
  account(entered: Entered, ending: Ending<unknown>): void;
  /** Tells listeners when readiness has changed. */
  review(): void;
  /** Waits for running calls, at most so long, then ends them. */
  close(timeoutMs: number): Promise<void>;
}

/** Opens no connection yet. */
export function createPool({ name, urls, connect, prove, proofIntervalMs, clock, random, metrics, log }: PoolOptions): Pool {
  const outliers = createOutlierWatch<Address>(clock);
  const listeners = new Set<(ready: boolean) => void>();
  let shown = false;
  const addresses = urls.map(open);

  function open(url: string): Address {
    const target = connect(url);
    const place = { backend: name, address: target.name };
    metrics?.declareAddress(place);
    const circuit = createCircuit({
      onChange(state: CircuitState) {
        metrics?.circuit.set(place, CIRCUIT_VALUES[state]);
        if (state === "open") metrics?.ejections.inc(place);
        log?.[state === "open" ? "warn" : "info"]({ ...place, state }, "circuit of an upstream server");
        review();
      },
      ...{ clock, random },
    });
    const proof = createProof({
      ...place,
      prove: prove && (() => prove(address)),
      everyMs: proofIntervalMs,
      onChange() {
        metrics?.proven.set(place, proof.stands ? 1 : 0);
        review();
      },
      ...{ clock, log },
    });
    metrics?.proven.set(place, proof.stands ? 1 : 0);
    const address: Address = {
      target,
      circuit,
      proof,
      load: 0,
      up: false,
      strange: false,
      answeredAt: Number.NEGATIVE_INFINITY,
      restUntil: 0,
    };
    return address;
  }

  function review(): void {
    const ready = addresses.some(isReady);
    if (ready === shown) return;
    shown = ready;
    for (const listener of listeners) listener(ready);
  }

  return {
    addresses,
    get ready() {
      return addresses.some(isReady);
    },
    onReadiness(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    account({ address, leave }, ending) {
      address.load--;
      leave[ending.blame]();
      const worse = ending.outcome !== "ok" && (ending.blame === "failed" || ending.again === "elsewhere");
      if (ending.blame !== "withdrawn" && outliers.record(address, worse)) {
        outliers.forget(address);
        // The last one that works is never left alone for being worse than those that do not.
        if (addresses.some((other) => other !== address && isReady(other))) address.circuit.eject();
      }
      if (ending.outcome === "ok") address.answeredAt = clock.now();
      else {
        if (ending.replaced === "perhaps") address.proof.doubt();
        if (ending.replaced === "surely") address.proof.isWrong(ending.error);
        if (ending.hintMs !== undefined) address.restUntil = Math.max(address.restUntil, clock.now() + ending.hintMs);
      }
      review();
    },
    review,
    async close(timeoutMs) {
      for (const { proof } of addresses) proof.stop();
      await Promise.all(addresses.map(({ target }) => target.close(timeoutMs)));
    },
  };
}
