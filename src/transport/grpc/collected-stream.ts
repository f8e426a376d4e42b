import type { ServerReadableStream, sendUnaryData } from "@grpc/grpc-js";
import { GatewayError } from "../../domain/errors.ts";
import type { Telemetry } from "../call-record.ts";
import { limitIdle } from "../idle-limit.ts";
import { type GrpcCall, openCall } from "./calls.ts";
import { toServiceError } from "./status.ts";

export interface CollectedStreamOptions {
  /** Name in logs and metrics. */
  readonly method: string;
  readonly telemetry: Telemetry;
  /** Aborts when the server drains: a stream that is still being sent then ends with SHUTTING_DOWN. */
  readonly draining: AbortSignal;
  /** A stream of which nothing comes for this long ends with DEADLINE_EXCEEDED, milliseconds. */
  readonly idleMs: number;
  /** Most messages and bytes of a stream. */
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** Answers what the whole stream said. */
  handle(messages: readonly Buffer[], call: GrpcCall): Promise<Uint8Array>;
}

/** A stream of the client that has one answer, when all of it is there. */
export function collectedStreamHandler({ method, telemetry, draining, idleMs, maxMessages, maxBytes, handle }: CollectedStreamOptions) {
  telemetry.metrics.declareMethod("grpc", method);
  return (stream: ServerReadableStream<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>): void => {
    const call = openCall(stream, method, telemetry);
    const { record, context, trailers } = call;
    const messages: Buffer[] = [];
    let collecting = true;

    const collected = () => {
      collecting = false;
      idle.stop();
      draining.removeEventListener("abort", stop);
    };
    const fail = (thrown: unknown) => {
      collected();
      const error = GatewayError.from(thrown);
      callback(toServiceError(error, context.requestId, trailers));
      call.close(error);
    };
    const stop = () => fail(new GatewayError("SHUTTING_DOWN", "the gateway is stopping; send the texts elsewhere"));
    const answer = async () => {
      try {
        callback(null, await handle(messages, call), trailers);
        call.close();
      } catch (thrown) {
        fail(thrown);
      }
    };

    const idle = limitIdle({ idleMs, running: () => 0, onIdle: fail });

    draining.addEventListener("abort", stop, { once: true });
    context.signal.addEventListener("abort", collected);
    stream.on("data", (bytes: Buffer) => {
      if (!collecting) return;
      idle.active();
      record.bytes += bytes.length;
      messages.push(bytes);
      if (messages.length > maxMessages) fail(tooLarge(`${maxMessages} messages`, maxMessages));
      else if (record.bytes > maxBytes) fail(tooLarge(`${maxBytes} bytes`, maxBytes));
    });
    stream.on("end", () => {
      if (!collecting) return;
      collected();
      void answer();
    });
  };
}

function tooLarge(what: string, limit: number): GatewayError {
  return new GatewayError("TOO_LARGE", `the stream has more than ${what}; split the request`, { details: { limit } });
}
