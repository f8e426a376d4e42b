import type { Clock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import { pause } from "../../domain/pause.ts";
import { type Address, restMs } from "./address.ts";
import { chooseAddress } from "./choose.ts";
import type { Leave } from "./circuit.ts";

export interface DoorOptions {
  /** Name of the backend. */
  readonly name: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Hears of each probe of an address while all are left alone. */
  readonly onLastResort?: () => void;
}

/** What waits for an address. */
export interface Arrival {
  readonly addresses: readonly Address[];
  /** Addresses that failed the same call before. */
  readonly tried: ReadonlySet<Address>;
  /** Whether the call is part of a proof, and asks an address whatever it has shown. */
  readonly proving: boolean;
  remainingMs(): number;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** A place at an address, which counts as a call under way; whoever has it reports how the call ended. */
export interface Entered {
  readonly address: Address;
  readonly leave: Leave;
}

/** Lets calls through to the addresses of one upstream. */
export interface Door {
  /**
   * Leave for a call to one of the addresses, once it has shown what it must and the time that it asked to be left alone is over.
   * @throws {GatewayError} why there is none in time
   */
  enter(arrival: Arrival): Promise<Entered>;
  /** @throws {GatewayError} when no address could let a call through, whatever it waits for */
  requireOpen(addresses: readonly Address[], proving: boolean): void;
}

/** While every address is left alone, one of them is probed so often all the same, milliseconds. */
const LAST_RESORT_MS = 1_000;
/** A wish to be left alone is a least time, so it is only ever spread upwards, by this share of it. */
const REST_SPREAD = 0.2;

/** @see Door */
export function createDoor({ name, clock, random, onLastResort }: DoorOptions): Door {
  let lastResortAt = Number.NEGATIVE_INFINITY;

  /** While all of several are left alone, one is probed now and then: none is given up for good, and none is flooded. */
  function lastResort(addresses: readonly Address[]): Address | undefined {
    if (addresses.length < 2 || clock.now() < lastResortAt + LAST_RESORT_MS) return undefined;
    const usable = addresses.filter(({ proof, strange }) => proof.holds && !strange);
    return usable.toSorted((a, b) => a.circuit.waitMs - b.circuit.waitMs)[0];
  }

  function refusal(addresses: readonly Address[], proving: boolean): GatewayError {
    const flaw = addresses[0]?.proof.flaw;
    if (flaw !== undefined && !proving && addresses.every(({ proof }) => proof.flaw !== undefined)) {
      return new GatewayError(flaw.reason === "CONFIG_INVALID" ? "BACKEND_REFUSED" : flaw.reason, flaw.message);
    }
    if (addresses.every(({ strange }) => strange)) {
      const message = `backend "${name}" is answered by a server that is not the one that is wanted; look at its address and its model`;
      return new GatewayError("BACKEND_UNAVAILABLE", message);
    }
    const waitMs = Math.max(100, Math.min(...addresses.map(({ circuit }) => circuit.waitMs)));
    // Spread upwards, or all who are refused while it is open would be back at once.
    const retryAfterMs = Math.ceil(waitMs * (1 + REST_SPREAD * random()));
    const message = `backend "${name}" has failed repeatedly and is left alone for a while; look at its server, or try again later`;
    return new GatewayError("BACKEND_UNAVAILABLE", message, { details: { retryAfterMs } });
  }

  return {
    requireOpen(addresses, proving) {
      const open = addresses.some(
        ({ circuit, proof, strange }) => !strange && circuit.waitMs === 0 && (proving || proof.flaw === undefined),
      );
      if (!open && lastResort(addresses) === undefined) throw refusal(addresses, proving);
    },
    async enter({ addresses, tried, proving, remainingMs, signal }) {
      const failed = new Set(tried);
      const unshown = new Map<Address, unknown>();
      for (;;) {
        if (signal.aborted) throw gone(name);
        const address = chooseAddress({ addresses, tried: failed, proving, now: clock.now(), random });
        if (address === undefined) {
          const resort = lastResort(addresses);
          const leave = resort?.circuit.probe();
          if (resort === undefined || leave === undefined) throw refusal(addresses, proving);
          lastResortAt = clock.now();
          onLastResort?.();
          resort.load++;
          return { address: resort, leave };
        }
        const rest = restMs(address, clock.now()) * (1 + REST_SPREAD * random());
        if (rest > 0) {
          if (rest >= remainingMs()) throw resting(name, rest);
          await pause(clock, rest, signal);
          continue;
        }
        if (!proving && !address.proof.holds) {
          if (unshown.has(address)) throw unshown.get(address);
          await unlessAborted(address.proof.attempt(), signal).catch((thrown) => {
            failed.add(address);
            unshown.set(address, thrown);
          });
          continue;
        }
        const leave = address.circuit.enter();
        if (leave === undefined) continue;
        address.load++;
        return { address, leave };
      }
    },
  };
}

function resting(name: string, ms: number): GatewayError {
  const message = `backend "${name}" asked to be left alone for a while; lower its concurrency, or try again later`;
  return new GatewayError("BACKEND_UNAVAILABLE", message, { details: { retryAfterMs: Math.ceil(ms) } });
}

function gone(name: string): GatewayError {
  return new GatewayError("CALLER_GONE", `every caller of backend "${name}" left before it could be asked`);
}

/** What the promise gives, or a rejection when the signal aborts first. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    signal.addEventListener("abort", leave);
    if (signal.aborted) leave();
  });
}
