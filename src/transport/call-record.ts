import { randomUUID } from "node:crypto";
import { ERROR_TABLE, type GatewayError } from "../domain/errors.ts";
import { causeOf, type Logger } from "../telemetry/log.ts";
import type { Metrics, TransportLabel } from "../telemetry/metrics.ts";
import type { RunningCalls } from "./running-calls.ts";

/** What every call of one listener reports to. */
export interface Telemetry {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly running: RunningCalls;
}

/** The record of one call: one log line and one count, however it ends. */
export interface CallRecord {
  readonly requestId: string;
  /** Bytes of the request, after decompression. */
  bytes: number;
  /** Items that the request carried. */
  items: number;
  /** Ends the record; later calls do nothing. */
  finish(error?: GatewayError): void;
}

/** What is known of a call that has just arrived. */
export interface CallFacts {
  readonly telemetry: Telemetry;
  readonly transport: TransportLabel;
  readonly method: string;
  readonly requestId: string;
  /** Attempts at the same call that the caller says have failed before. */
  readonly previousAttempts?: number | undefined;
}

/** Opens the record of a call that has just arrived. */
export function openRecord({ telemetry, transport, method, requestId, previousAttempts }: CallFacts): CallRecord {
  const startedAt = performance.now();
  const leave = telemetry.running.enter();
  let finished = false;
  telemetry.metrics.requestsRunning.inc();
  return {
    requestId,
    bytes: 0,
    items: 0,
    finish(error) {
      if (finished) return;
      finished = true;
      leave();
      telemetry.metrics.requestsRunning.dec();
      const ms = performance.now() - startedAt;
      telemetry.metrics.requestFinished({
        transport,
        method,
        reason: error?.reason,
        seconds: ms / 1000,
        items: this.items,
        bytes: this.bytes,
      });
      const code = error === undefined ? "OK" : ERROR_TABLE[error.reason].grpc;
      const line = {
        ...{ requestId, transport, method, code, durationMs: Math.round(ms * 1000) / 1000, items: this.items },
        ...(previousAttempts !== undefined && { previousAttempts }),
      };
      if (error === undefined) telemetry.log.info(line, "request");
      else if (error.reason === "INTERNAL") telemetry.log.error({ ...line, reason: error.reason, cause: causeOf(error) }, "request");
      else telemetry.log.info({ ...line, reason: error.reason }, "request");
    },
  };
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's request id when it is printable ASCII of at most 128 characters, a fresh one otherwise. */
export function requestIdFrom(given: unknown): string {
  return typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Attempts that failed before, as a retrying gRPC client says in `grpc-previous-rpc-attempts`. */
export function previousAttemptsFrom(given: unknown): number | undefined {
  return typeof given === "string" && /^\d{1,3}$/.test(given) ? Number(given) : undefined;
}

/** The caller's W3C trace context when it is well-formed. */
export function traceparentFrom(given: unknown): string | undefined {
  return typeof given === "string" && TRACEPARENT.test(given) ? given : undefined;
}
