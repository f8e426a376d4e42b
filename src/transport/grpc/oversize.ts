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
import { toServiceError } from "./status.ts";

/**
 * grpc-js ends a call whose message it will not read. Up to this much above the limit the message is read, so that a stream
 * can refuse it under its id and go on.
 */
const READ_EXCESS_BYTES = 65_536;

/** Most bytes of a message that grpc-js may read; it refuses a larger one by its length, before it holds any of it. */
export function maxReadBytes({ maxGrpcMessageBytes }: RequestLimits): number {
  return maxGrpcMessageBytes + READ_EXCESS_BYTES;
}

/** @throws {GatewayError} TOO_LARGE when a message that was read passes the limit */
export function refuseOversize(bytes: Buffer, { maxGrpcMessageBytes: limit }: RequestLimits): void {
  if (bytes.length > limit) throw tooLarge(`the message has ${bytes.length} bytes`, limit);
}

/** Gives the refusals of grpc-js itself the shape of ours, and counts those of unary calls, which reach no handler. */
export function explainOversize({ maxGrpcMessageBytes: limit }: RequestLimits, telemetry: Telemetry): ServerInterceptor {
  return ({ path, requestStream }, call) => {
    const [, service, method] = path.split("/");
    // Health and reflection answer in their own way.
    if (service === undefined || service.startsWith("grpc.")) return new ServerInterceptingCall(call);
    let requestId = "";
    // The refusal starts at the innermost call and passes no interceptor, so it is met where it starts.
    const send = call.sendStatus.bind(call);
    call.sendStatus = (status) => {
      const explained = (status.metadata?.get("grpc-status-details-bin").length ?? 0) > 0;
      const error = explained ? undefined : errorOf(status, limit);
      if (error === undefined) return send(status);
      const trailers = new Metadata();
      trailers.set("x-request-id", requestId);
      const { code, details, metadata } = toServiceError(error, requestId, trailers);
      send({ code, details, metadata });
      if (!requestStream) openRecord({ telemetry, transport: "grpc", method: method!, requestId }).finish(error);
    };
    const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, next) => {
      requestId = requestIdFrom(metadata.get("x-request-id")[0]);
      next(metadata);
    });
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener.build())).build());
  };
}

/** What a refusal of grpc-js itself is among our errors, where it is the message's fault. */
function errorOf({ code, details }: Parameters<ServerInterceptingCallInterface["sendStatus"]>[0], limit: number): GatewayError | undefined {
  if (code === statusCodes.RESOURCE_EXHAUSTED) return tooLarge("the message has more bytes than may be sent", limit);
  if (code !== statusCodes.INTERNAL || !DAMAGED.test(details ?? "")) return undefined;
  return new GatewayError("REQUEST_INVALID", "the message is damaged, or not packed as grpc-encoding says");
}

/** How grpc-js speaks of a packed message that does not unpack, which it takes for a fault of its own. */
const DAMAGED = /^Failed to decompress/;

function tooLarge(problem: string, limit: number): GatewayError {
  return new GatewayError("TOO_LARGE", `${problem}; the limit is ${limit}; split the request or use ScoreStream`, { details: { limit } });
}
