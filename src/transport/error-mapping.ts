import { ERROR_TABLE, type ErrorDetails, type GatewayError } from "../domain/errors.ts";
import type { Failure } from "../domain/score.ts";

/** Wait before a retry when the engine names none, milliseconds. */
const DEFAULT_RETRY_AFTER_MS = 1000;

/** The HTTP status of an overloaded gateway: 503 by default, since trainers retry 5xx and give up on 429. */
export type OverloadHttpStatus = 503 | 429;

/** An error as both wires carry it. */
export interface WireError {
  readonly reason: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly details?: WireErrorDetails;
}

/** Details as both wires carry them; those of a configuration never leave. */
export type WireErrorDetails = Omit<ErrorDetails, "problems"> & { readonly requestId?: string };

/**
 * The wire form of an error.
 * @param requestId given for the error of a whole call, so that it can be found in the log
 */
export function toWireError(error: GatewayError, requestId?: string): WireError {
  const { problems: _, ...known } = error.details;
  const retryAfterMs = retryAfterMsOf(error);
  const details: WireErrorDetails = {
    ...known,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(requestId !== undefined && { requestId }),
  };
  return {
    reason: error.reason,
    message: error.message,
    retryable: error.retryable,
    ...(Object.keys(details).length > 0 && { details }),
  };
}

/** The wire form of a failure inside an answer. */
export function failureToWire(failure: Failure): WireError {
  return { reason: failure.reason, message: failure.message, retryable: failure.retryable };
}

/** Milliseconds after which a retry is sensible; undefined when the error is not retryable. */
function retryAfterMsOf(error: GatewayError): number | undefined {
  if (!error.retryable) return undefined;
  return Math.max(1, Math.round(error.details.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS));
}

/** HTTP status of an error; only the status of overload can be chosen. */
export function httpStatusOf(error: Pick<GatewayError, "reason">, overload: OverloadHttpStatus): number {
  return error.reason === "QUEUE_FULL" ? overload : ERROR_TABLE[error.reason].http;
}

/** Value of `Retry-After`: whole seconds, at least 1; undefined when the error is not retryable. */
export function retryAfterSecondsOf(error: GatewayError): string | undefined {
  const ms = retryAfterMsOf(error);
  return ms === undefined ? undefined : String(Math.max(1, Math.ceil(ms / 1000)));
}
