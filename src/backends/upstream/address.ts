import type { Circuit } from "./circuit.ts";
import type { HttpTarget } from "./http-target.ts";
import type { Proof } from "./proof.ts";

/** One server of an upstream and what is known of it. */
export interface Address {
  readonly target: HttpTarget;
  readonly circuit: Circuit;
  readonly proof: Proof;
  /** Calls under way. */
  load: number;
  /** Whether it answered the last health check. */
  up: boolean;
  /** Whether it answered that check as a server that is not wanted: it is asked for nothing. */
  strange: boolean;
  /** When it last answered a call, by the clock. */
  answeredAt: number;
  /** Until when it asked to be left alone, by the clock; 0 when it did not. */
  restUntil: number;
}

/** Milliseconds that an address still asks to be left alone. */
export function restMs({ restUntil }: Address, now: number): number {
  return Math.max(0, restUntil - now);
}

/** Whether an address could answer now, as far as is known. */
export function isReady({ up, circuit, proof }: Address): boolean {
  return up && circuit.waitMs === 0 && proof.stands;
}
