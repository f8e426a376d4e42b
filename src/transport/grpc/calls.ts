import { setMaxListeners } from "node:events";
import { Metadata, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { GatewayError } from "../../domain/errors.ts";
import type { CallContext } from "../../domain/service.ts";
import { type CallRecord, openRecord, previousAttemptsFrom, requestIdFrom, type Telemetry, traceparentFrom } from "../call-record.ts";

/** What a handler knows of its call. */
export interface GrpcCall {
  readonly context: CallContext;
  readonly record: CallRecord;
  /** Sent with the status: the request id, and the caller's trace context. */
  readonly trailers: Metadata;
  /** Milliseconds that the call's deadline leaves; undefined when it has none. */
  remainingMs(): number | undefined;
  /** Ends the record and stops listening for a cancel, which grpc-js also reports after a normal answer. */
  close(error?: GatewayError): void;
}

/** What every kind of call has. */
interface AnyCall {
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  on(event: "cancelled", listener: () => void): unknown;
}

/** How long before its time a timer may fire, milliseconds. */
const EARLY_MS = 1;

/** Opens the books of one call: id, deadline, cancellation, record. */
export function openCall(call: AnyCall, method: string, telemetry: Telemetry): GrpcCall {
  const requestId = requestIdFrom(call.metadata.get("x-request-id")[0]);
  const traceparent = traceparentFrom(call.metadata.get("traceparent")[0]);
  const trailers = new Metadata();
  trailers.set("x-request-id", requestId);
  if (traceparent !== undefined) trailers.set("traceparent", traceparent);
  const previousAttempts = previousAttemptsFrom(call.metadata.get("grpc-previous-rpc-attempts")[0]);
  const record = openRecord({ telemetry, transport: "grpc", method, requestId, previousAttempts });
  const aborter = new AbortController();
  // Every item of a stream listens to the one signal.
  setMaxListeners(0, aborter.signal);
  const endsAt = endOf(call.getDeadline());
  let closed = false;
  const remainingMs = () => (endsAt === undefined ? undefined : Math.floor(endsAt - performance.now()));
  const close = (error?: GatewayError) => {
    closed = true;
    record.finish(error);
  };
  call.on("cancelled", () => {
    if (closed) return;
    const left = remainingMs();
    close(
      left !== undefined && left <= EARLY_MS
        ? new GatewayError("DEADLINE_EXCEEDED", "the deadline of the call passed")
        : new GatewayError("CALLER_GONE", "the caller cancelled"),
    );
    aborter.abort();
  });
  return { context: { requestId, transport: "grpc", signal: aborter.signal }, record, trailers, remainingMs, close };
}

/** A deadline on the monotonic clock, milliseconds: on the wall clock a stream of hours would lose its time when that is put right. */
function endOf(deadline: Date | number): number | undefined {
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  return Number.isFinite(deadlineMs) ? performance.now() + deadlineMs - Date.now() : undefined;
}

/** What a unary method does: bytes of a request to bytes of its answer. */
export type UnaryHandler = (bytes: Buffer, call: GrpcCall) => Promise<Uint8Array> | Uint8Array;

/** A unary handler that answers whatever happens: an async handler of grpc-js that throws would end the process. */
export function unary(
  method: string,
  telemetry: Telemetry,
  handle: UnaryHandler,
  toStatus: (error: GatewayError, call: GrpcCall) => Parameters<sendUnaryData<unknown>>[0],
) {
  telemetry.metrics.declareMethod("grpc", method);
  return async (call: ServerUnaryCall<Buffer, Uint8Array>, callback: sendUnaryData<Uint8Array>): Promise<void> => {
    const opened = openCall(call, method, telemetry);
    opened.record.bytes = call.request.length;
    try {
      const answer = await handle(call.request, opened);
      callback(null, answer, opened.trailers);
      opened.close();
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      callback(toStatus(error, opened));
      opened.close(error);
    }
  };
}
