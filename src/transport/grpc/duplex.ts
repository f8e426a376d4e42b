import type { ServerDuplexStream } from "@grpc/grpc-js";
import { GatewayError } from "../../domain/errors.ts";
import type { Telemetry } from "../call-record.ts";
import { limitIdle } from "../idle-limit.ts";
import { type GrpcCall, openCall } from "./calls.ts";
import { toServiceError } from "./status.ts";

export interface DuplexOptions {
  /** Name in logs and metrics. */
  readonly method: string;
  readonly telemetry: Telemetry;
  /** Aborts when the server drains: a stream with nothing under way then ends with SHUTTING_DOWN. */
  readonly draining: AbortSignal;
  /** A stream that is idle for this long ends with DEADLINE_EXCEEDED, milliseconds. */
  readonly idleMs: number;
  /** Messages without an answer yet. */
  running(): number;
}

/** The ends that a stream of both sides can have: its client's, a failure's, a drain's, too long a silence; whichever comes first. */
export interface Duplex {
  readonly call: GrpcCall;
  readonly ended: boolean;
  /** Ends the stream, with the status of an error where there is one. Does nothing the second time. */
  end(error?: GatewayError): void;
  /** To be called when nothing is under way: ends the stream where the client has sent all, or the server drains. */
  endWhenIdle(): void;
}

export function openDuplex(
  stream: ServerDuplexStream<Buffer, Uint8Array>,
  { method, telemetry, draining, idleMs, running }: DuplexOptions,
): Duplex {
  const call = openCall(stream, method, telemetry);
  let inputEnded = false;
  let ended = false;

  const end = (error?: GatewayError) => {
    if (ended) return;
    ended = true;
    idle.stop();
    draining.removeEventListener("abort", endWhenIdle);
    stream.pause();
    if (!call.context.signal.aborted) {
      if (error !== undefined) stream.emit("error", toServiceError(error, call.context.requestId, call.trailers));
      else stream.end(call.trailers);
    }
    call.close(error);
  };
  const endWhenIdle = () => {
    if (running() > 0 || ended) return;
    idle.active();
    if (inputEnded) end();
    else if (draining.aborted) end(new GatewayError("SHUTTING_DOWN", "the gateway is stopping; send unanswered items elsewhere"));
  };

  const idle = limitIdle({ idleMs, running, onIdle: end });

  stream.on("data", idle.active);
  stream.on("end", () => {
    inputEnded = true;
    endWhenIdle();
  });
  call.context.signal.addEventListener("abort", () => end(), { once: true });
  draining.addEventListener("abort", endWhenIdle);
  // The status of a failed stream is emitted as an error; grpc-js sends it, and this listener keeps it from being uncaught.
  stream.on("error", () => {});
  return {
    call,
    get ended() {
      return ended;
    },
    end,
    endWhenIdle,
  };
}
