import { type ErrorReason, GatewayError } from "../../domain/errors.ts";
import type { UpstreamOutcome } from "../../telemetry/upstream-metrics.ts";
import type { Leave } from "./circuit.ts";
import { EVENTS, type HttpOutcome } from "./http-target.ts";
import { ForbiddenHost } from "./resolve-host.ts";
import { LONGEST_REST_MS, parseRetryAfter } from "./retry.ts";

/** What one attempt means for its caller, for a retry and for the circuit of its address. */
export type Ending<T> =
  | { readonly outcome: "ok"; readonly blame: "succeeded"; readonly answer: T }
  | {
      readonly outcome: Exclude<UpstreamOutcome, "ok">;
      readonly blame: keyof Leave;
      /** Whether the same call may be made again: anywhere, or at another address alone. */
      readonly again: "anywhere" | "elsewhere" | "never";
      /** Whether the server may have been replaced by another, or has been. */
      readonly replaced?: "perhaps" | "surely";
      /** Milliseconds that the server asked to wait, 30,000 at most. */
      readonly hintMs?: number | undefined;
      readonly error: GatewayError;
    };

/** How a protocol reads bodies. */
export interface Reading<T> {
  /** The answer in a body of status 2xx, or undefined when it is none. */
  answer(body: string): T | undefined;
  /** The answer in events that were taken as they came, or undefined when they are none. Without it, events are no answer. */
  events?(): T | undefined;
  /**
   * A body of status 4xx as an error of its own, where it tells more than the status, BACKEND_UNAVAILABLE where it says that the server is at
   * fault; of status 424 or 500 where it says that the call is.
   */
  refusal?(body: string, status: number): GatewayError | undefined;
  /** Why a readable answer is not one of the server that is wanted, another model's for example. */
  flaw?(answer: T): GatewayError | undefined;
}

/** Failed Dependency: the server is there, and the model behind it fails. */
const MODEL_FAILED = 424;
/** The server, or who stands before it, gave up waiting or cannot answer now: the same call may be made again. */
const PASSING: ReadonlySet<number> = new Set([408, 502, 503, 504]);
const CALLS_FAULT: ReadonlySet<ErrorReason> = new Set(["ITEM_TOO_LONG", "SCORE_NOT_FINITE"]);

/**
 * Reads how an attempt ended. Safe to repeat are a broken connection, 408, 502, 503 and 504, and 429 where the server says when; nothing is where it
 * says that it does not want the call again. Another
 * address may also be asked after 424, any other 5xx or 429, after a call that took too long, and where a server knows neither the key nor the
 * model, or is not the one that is wanted. A call that was refused for what it holds, or whose answer made no sense, would only end so again.
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
        again: "never",
        error: new GatewayError("CALLER_GONE", "every caller of this call has left"),
      };
    case "late":
      return { outcome: "late", blame: "failed", again: "elsewhere", error: unavailable("did not answer in time; look at its load") };
    case "broken": {
      if (outcome.cause instanceof ForbiddenHost) {
        const error = unavailable(`is not asked: ${outcome.cause.message}`);
        return { outcome: "failed", blame: "failed", again: "elsewhere", replaced: "perhaps", error };
      }
      const error = unavailable("cannot be reached or broke the connection; look at its server", { cause: outcome.cause });
      return { outcome: "failed", blame: "failed", again: "anywhere", replaced: "perhaps", error };
    }
    case "unreadable":
      return { outcome: "unreadable", blame: "failed", again: "never", error: unreadable(backend, outcome.cause) };
    case "answered":
      break;
  }
  const { status, contentType, body } = outcome;
  if (status >= 200 && status < 300) {
    const json = /^application\/([\w.-]+\+)?json\b/i.test(contentType);
    const answer = json ? reading.answer(body) : EVENTS.test(contentType) ? reading.events?.() : undefined;
    if (answer === undefined) return { outcome: "unreadable", blame: "failed", again: "never", error: unreadable(backend) };
    const flaw = reading.flaw?.(answer);
    if (flaw === undefined) return { outcome: "ok", blame: "succeeded", answer };
    return { outcome: "unreadable", blame: "failed", again: "elsewhere", replaced: "surely", error: flaw };
  }
  const unwanted = outcome.pushbackMs !== undefined && outcome.pushbackMs < 0;
  const askedMs = unwanted ? undefined : (outcome.pushbackMs ?? parseRetryAfter(outcome.retryAfter, Date.now()));
  const hintMs = askedMs === undefined ? undefined : Math.min(askedMs, LONGEST_REST_MS);
  const again = (otherwise: "anywhere" | "elsewhere" | "never") => (unwanted ? "never" : otherwise);
  const details = hintMs === undefined ? {} : { details: { retryAfterMs: Math.ceil(hintMs) } };
  if (status === 429) {
    const error = unavailable("has no room for more calls now (429); lower its concurrency, or try again later", details);
    return { outcome: "throttled", blame: "succeeded", again: again(hintMs === undefined ? "elsewhere" : "anywhere"), hintMs, error };
  }
  const failed = status >= 500 || status === MODEL_FAILED || PASSING.has(status);
  if (status === 500 || status === MODEL_FAILED) {
    // Some servers say so of a call that is at fault itself; neither their health nor another try is in question then.
    const error = reading.refusal?.(body, status);
    if (error !== undefined && CALLS_FAULT.has(error.reason)) return { outcome: "refused", blame: "succeeded", again: "never", error };
  }
  if (failed) {
    const error = unavailable(`answered with status ${status}; look at its server's log`, details);
    return { outcome: "failed", blame: "failed", again: again(PASSING.has(status) ? "anywhere" : "elsewhere"), hintMs, error };
  }
  const credentials = status === 401 || status === 403;
  const remedy = credentials
    ? "check its apiKey"
    : status < 400
      ? "name the address that it redirects to"
      : "check its url, model and limits";
  const refused = new GatewayError("BACKEND_REFUSED", `backend "${backend}" refused the call with status ${status}; ${remedy}`);
  const error = reading.refusal?.(body, status) ?? refused;
  if (error.reason === "BACKEND_UNAVAILABLE") return { outcome: "failed", blame: "failed", again: again("anywhere"), hintMs, error };
  return { outcome: "refused", blame: "succeeded", again: again(credentials || status === 404 ? "elsewhere" : "never"), error };
}

/** The error of an answer that is not what the protocol says. */
function unreadable(backend: string, cause?: unknown): GatewayError {
  const message = `backend "${backend}" gave an answer that cannot be read; check that its address is that of the right kind of server`;
  return new GatewayError("JUDGE_OUTPUT_UNREADABLE", message, { cause });
}
