import { GatewayError } from "../domain/errors.ts";
import { checkLabel, MAX_STEP } from "./request-rules.ts";

/** What a request about a run names. */
export interface RunNames {
  readonly run: string;
  readonly stepId?: string;
  readonly version?: number | undefined;
}

/** The last version that the wires can carry. */
export const MAX_VERSION = MAX_STEP;

/**
 * Holds the names in a request about a run to the rules that both wires share.
 * @throws {GatewayError} REQUEST_INVALID, TOO_LARGE with the field at fault
 */
export function checkRunNames({ run, stepId, version }: RunNames): void {
  checkLabel(run, "run");
  if (stepId !== undefined) checkLabel(stepId, "stepId");
  if (version === undefined || (Number.isInteger(version) && version >= 0 && version <= MAX_VERSION)) return;
  throw new GatewayError("REQUEST_INVALID", `version: an integer from 0 to ${MAX_VERSION}`, { details: { field: "version" } });
}
