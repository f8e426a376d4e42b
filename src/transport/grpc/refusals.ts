import {
  Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
  status as statusCodes,
} from "@grpc/grpc-js";
import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import { openRecord, requestIdFrom, type Telemetry } from "../call-record.ts";
import { tooLarge } from "./oversize.ts";
import { toServiceError } from "./status.ts";

type Method = Parameters<ServerInterceptor>[0];
type SendStatus = ServerInterceptingCallInterface["sendStatus"];

/** A call that no handler answers. */
export interface RefusedCall {
  readonly method: Pick<Method, "path" | "requestStream">;
  readonly requestId: string;
  readonly telemetry: Telemetry;
  readonly send: SendStatus;
}

/**
 * Ends a call in the place of its handler: with the status and the trailers that a handler would send, and, where it reached none, in the
 * log and the count of requests. The handlers of streams hear of their end, and health and reflection are not counted.
 */
export function refuseCall(error: GatewayError, { method: { path, requestStream }, requestId, telemetry, send }: RefusedCall): void {
  const trailers = new Metadata();
  trailers.set("x-request-id", requestId);
  const { code, details, metadata } = toServiceError(error, requestId, trailers);
  send({ code, details, metadata });
  const [, service, method] = path.split("/");
  if (!requestStream && !service!.startsWith("grpc."))
    openRecord({ telemetry, transport: "grpc", method: method!, requestId }).finish(error);
}

/** Gives the refusals of grpc-js itself the shape of ours, and counts those of unary calls, which reach no handler. */
export function explainRefusals(limits: RequestLimits, telemetry: Telemetry): ServerInterceptor {
  return (method, call) => {
    // Health and reflection answer in their own way.
    if (method.path.startsWith("/grpc.")) return new ServerInterceptingCall(call);
    let requestId = "";
    // The refusal starts at the innermost call and passes no interceptor, so it is met where it starts.
    const send = call.sendStatus.bind(call);
    call.sendStatus = (status) => {
      const explained = (status.metadata?.get("grpc-status-details-bin").length ?? 0) > 0;
      const error = explained ? undefined : errorOf(status, limits);
      if (error === undefined) send(status);
      else refuseCall(error, { method, requestId, telemetry, send });
    };
    const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, next) => {
      requestId = requestIdFrom(metadata.get("x-request-id")[0]);
      next(metadata);
    });
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener.build())).build());
  };
}

/** What a refusal of grpc-js itself is among our errors, where it is the client's fault. */
function errorOf({ code, details = "" }: Parameters<SendStatus>[0], limits: RequestLimits): GatewayError | undefined {
  if (code === statusCodes.RESOURCE_EXHAUSTED) return tooLarge("the message has more bytes than may be sent", limits);
  if (code !== statusCodes.INTERNAL) return undefined;
  if (DAMAGED.test(details)) return new GatewayError("REQUEST_INVALID", "the message is damaged, or not packed as grpc-encoding says");
  if (!UNTIMELY.test(details)) return undefined;
  return new GatewayError("REQUEST_INVALID", "grpc-timeout: at most eight digits and one of the units H, M, S, m, u and n", {
    details: { field: "grpc-timeout" },
  });
}

/** How grpc-js speaks of a packed message that does not unpack, which it takes for a fault of its own. */
const DAMAGED = /^Failed to decompress/;
/** And of a header of the deadline that it cannot read. */
const UNTIMELY = /^Invalid grpc-timeout value/;
