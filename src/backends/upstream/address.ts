import type { Circuit } from "./circuit.ts";
import type { HttpTarget } from "./http-target.ts";

/** One server of an upstream and what is known of it. */
export interface Address {
  readonly target: HttpTarget;
  readonly circuit: Circuit;
  /** Calls under way. */
  load: number;
  /** Whether it answered the last health check. */
  up: boolean;
}
