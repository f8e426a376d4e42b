import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ERROR_TABLE, type GatewayError } from "../../domain/errors.ts";
import type { Any } from "../../gen/google/protobuf/any.ts";
import { Duration } from "../../gen/google/protobuf/duration.ts";
import { BadRequest, ErrorInfo, RetryInfo, Status } from "../../gen/google/rpc/status.ts";
import { toWireError, type WireErrorDetails } from "../error-mapping.ts";

/** Domain of `google.rpc.ErrorInfo`. */
const DOMAIN = "rewardgate";

/**
 * Most that texts may take of the trailers, bytes as a header writes them. A client that is sent more than 8 KiB of trailers may refuse
 * them, and says RESOURCE_EXHAUSTED in their place; the message stands there three times, and the field twice.
 */
const MOST = { message: 1024, field: 256, suggestions: 512 };

/**
 * The status of a failed call: canonical code, message, `google.rpc.Status` details, and the pushback that retrying
 * clients obey (−1: never).
 *
 * @param trailers metadata that goes with the status; details are added to it
 */
export function toServiceError(error: GatewayError, requestId: string, trailers: Metadata = new Metadata()): ServiceError {
  const code = status[ERROR_TABLE[error.reason].grpc];
  const { details, reason, message: said } = toWireError(error, requestId);
  const message = cut(said, MOST.message);
  const packed: Any[] = [
    pack("google.rpc.ErrorInfo", ErrorInfo.encode({ reason, domain: DOMAIN, metadata: factsOf(details ?? {}) }).finish()),
  ];
  if (details?.field !== undefined) {
    const fieldViolations = [{ field: cut(details.field, MOST.field), description: message }];
    packed.push(pack("google.rpc.BadRequest", BadRequest.encode({ fieldViolations }).finish()));
  }
  if (details?.retryAfterMs !== undefined) {
    packed.push(pack("google.rpc.RetryInfo", RetryInfo.encode({ retryDelay: durationOf(details.retryAfterMs) }).finish()));
    trailers.set("grpc-retry-pushback-ms", String(details.retryAfterMs));
  } else if (reason === "TOO_LARGE") {
    trailers.set("grpc-retry-pushback-ms", "-1");
  }
  trailers.set("grpc-status-details-bin", Buffer.from(Status.encode({ code, message, details: packed }).finish()));
  return Object.assign(new Error(message), { name: "ServiceError", code, details: message, metadata: trailers });
}

function pack(typeName: string, value: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/${typeName}`, value };
}

function durationOf(ms: number): Duration {
  return Duration.create({ seconds: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1e6) });
}

/** Details as a map of strings, which is what ErrorInfo carries. */
function factsOf({ field, suggestions, ...details }: WireErrorDetails): Record<string, string> {
  const facts = Object.fromEntries(Object.entries(details).map(([key, value]) => [key, String(value)]));
  if (field !== undefined) facts.field = cut(field, MOST.field);
  if (suggestions !== undefined) facts.suggestions = cut(suggestions.join(", "), MOST.suggestions);
  return facts;
}

/** The beginning of a text that a header writes in at most so many bytes, marked where something is left out. */
function cut(text: string, most: number): string {
  let kept = "";
  let left = most;
  for (const character of text.toWellFormed()) {
    left -= encodeURI(character).length;
    if (left < 0) return `${kept}…`;
    kept += character;
  }
  return kept;
}
