import { GatewayError } from "../../domain/errors.ts";
import type { UpstreamOutcome } from "../../telemetry/upstream-metrics.ts";
import type { Leave } from "./circuit.ts";
import type { HttpOutcome } from "./http-target.ts";
import { parseRetryAfter } from "./retry.ts";

/** What one attempt means for its caller, for a retry and for the circuit of its address. */
export type Ending<T> =
  | { readonly outcome: "ok"; readonly blame: "succeeded"; readonly answer: T }
  | {
      readonly outcome: Exclude<UpstreamOutcome, "ok">;
      readonly blame: keyof Leave;
      /** Whether the same call may be made again. */
      readonly safe: boolean;
      /** Milliseconds that the server asked to wait. */
      readonly hintMs?: number | undefined;
      readonly error: GatewayError;
    };

/** How a protocol reads bodies. */
export interface Reading<T> {
  /** The answer in a body of status 2xx, or undefined when it is none. */
  answer(body: string): T | undefined;
  /** A body of status 4xx as an error of its own, where it tells more than the status. */
  refusal?(body: string): GatewayError | undefined;
}

/**
 * Reads how an attempt ended. Safe to repeat are a broken connection, 502, 503 and 504, and 429 where the server says when;
 * a call that took too long, that the server refused, or whose answer made no sense would only do so again.
 *
 * @param backend name for messages, which hold nothing that the server sent
 */
export function readEnding<T>(backend: string, outcome: HttpOutcome, reading: Reading<T>): Ending<T> {
  const unavailable = (what: string, options: ConstructorParameters<typeof GatewayError>[2] = {}) =>
    new GatewayError("BACKEND_UNAVAILABLE", `backend "${backend}" ${what}`, options);
  switch (outcome.kind) {
    case "withdrawn":
      return {
        outcome: "withdrawn",
        blame: "withdrawn",
        safe: false,
        error: new GatewayError("CALLER_GONE", "every caller of this call has left"),
      };
    case "late":
      return { outcome: "late", blame: "failed", safe: false, error: unavailable("did not answer in time; look at its load") };
    case "broken": {
      const error = unavailable("cannot be reached or broke the connection; look at its server", { cause: outcome.cause });
      return { outcome: "failed", blame: "failed", safe: true, error };
    }
    case "unreadable":
      return { outcome: "unreadable", blame: "failed", safe: false, error: unreadable(backend, outcome.cause) };
    case "answered":
      break;
  }
  const { status, contentType, body } = outcome;
  if (status >= 200 && status < 300) {
    const answer = /^application\/([\w.-]+\+)?json\b/i.test(contentType) ? reading.answer(body) : undefined;
    if (answer !== undefined) return { outcome: "ok", blame: "succeeded", answer };
    return { outcome: "unreadable", blame: "failed", safe: false, error: unreadable(backend) };
  }
  const hintMs = parseRetryAfter(outcome.retryAfter, Date.now());
  const details = hintMs === undefined ? {} : { details: { retryAfterMs: Math.ceil(hintMs) } };
  if (status === 429) {
    const error = unavailable("has no room for more calls now (429); lower its concurrency, or try again later", details);
    return { outcome: "throttled", blame: "succeeded", safe: hintMs !== undefined, hintMs, error };
  }
  if (status >= 500) {
    const error = unavailable(`answered with status ${status}; look at its server's log`, details);
    return { outcome: "failed", blame: "failed", safe: status >= 502 && status <= 504, hintMs, error };
  }
  const credentials = status === 401 || status === 403;
  const remedy = credentials
    ? "check its apiKey"
    : status < 400
      ? "name the address that it redirects to"
      : "check its url, model and limits";
  const refused = new GatewayError("BACKEND_REFUSED", `backend "${backend}" refused the call with status ${status}; ${remedy}`);
  return { outcome: "refused", blame: "succeeded", safe: false, error: reading.refusal?.(body) ?? refused };
}

/** The error of an answer that is not what the protocol says. */
function unreadable(backend: string, cause?: unknown): GatewayError {
  const message = `backend "${backend}" gave an answer that cannot be read; check that its address is that of the right kind of server`;
  return new GatewayError("JUDGE_OUTPUT_UNREADABLE", message, { cause });
}
