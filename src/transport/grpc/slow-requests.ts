import { constants, type ServerHttp2Stream } from "node:http2";
import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
} from "@grpc/grpc-js";
import { GatewayError } from "../../domain/errors.ts";
import { requestIdFrom, type Telemetry } from "../call-record.ts";
import { refuseCall } from "./refusals.ts";

type Method = Parameters<ServerInterceptor>[0];

/**
 * Ends unary calls whose message does not come, with DEADLINE_EXCEEDED: a call without a deadline would hold its place for as long as its
 * connection lives. Streams wait for their client.
 *
 * @param timeoutMs from the headers of a call to the whole of its message, milliseconds
 */
export function endSlowRequests(timeoutMs: number, telemetry: Telemetry) {
  return (method: Method, call: ServerInterceptingCallInterface, innermost: ServerInterceptingCallInterface) => {
    if (method.requestStream) return new ServerInterceptingCall(call);
    let requestId = "";
    const timer = setTimeout(() => {
      const error = new GatewayError("DEADLINE_EXCEEDED", `the message did not come within ${timeoutMs} ms of its call`);
      refuseCall(error, { method, requestId, telemetry, send: (status) => call.sendStatus(status) });
      // Answered, a call whose client is still to end it would count among those of its connection.
      (innermost as unknown as { readonly stream?: ServerHttp2Stream }).stream?.close(constants.NGHTTP2_NO_ERROR);
    }, timeoutMs);
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        requestId = requestIdFrom(metadata.get("x-request-id")[0]);
        next(metadata);
      })
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      .withOnCancel(() => clearTimeout(timer));
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener.build())).build());
  };
}
