import { setMaxListeners } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { GatewayError } from "../../domain/errors.ts";
import type { CallContext } from "../../domain/service.ts";
import { type CallRecord, openRecord, requestIdFrom, type Telemetry, traceparentFrom } from "../call-record.ts";
import { httpStatusOf, type OverloadHttpStatus, retryAfterSecondsOf, toWireError } from "../error-mapping.ts";
import { MAX_DEADLINE_MS } from "../request-options.ts";

/** How long an answer to a half-sent body waits for the rest, so that the sender reads it before a reset, milliseconds. */
const LINGER_MS = 1000;

/** What every answer of one listener depends on. */
export interface ExchangeOptions {
  readonly telemetry: Telemetry;
  readonly overloadHttpStatus: OverloadHttpStatus;
  /** Aborts when the listener drains; answers then close their connection. */
  readonly draining: AbortSignal;
  /** A caller that takes nothing of an answer for this long is disconnected, milliseconds. */
  readonly stallMs: number;
}

/** One request and its one answer. */
export interface Exchange {
  readonly context: CallContext;
  readonly record: CallRecord;
  /** Milliseconds that `x-request-timeout-ms` allows; undefined without that header. */
  allowedMs(): number | undefined;
  /** Answers 200 with a JSON body, which on some trainers' wires is a bare number or text. */
  answer(body: object | number | string): void;
  /** Answers 200 with bytes. */
  answerBytes(bytes: Uint8Array, headers: Readonly<Record<string, string | number>>): void;
  /** Answers with the error's status, headers and body; `body` and `status` where the route's clients read a form of their own. */
  fail(error: GatewayError, body?: object, status?: number): void;
  /** Ends an answer that was written piece by piece. */
  end(error?: GatewayError): void;
}

/** Opens the books of one request: id, trace, cancellation by disconnect, record. */
export function openExchange(request: IncomingMessage, response: ServerResponse, method: string, options: ExchangeOptions): Exchange {
  const { telemetry, draining, stallMs } = options;
  const requestId = requestIdFrom(request.headers["x-request-id"]);
  response.setHeader("x-request-id", requestId);
  const traceparent = traceparentFrom(request.headers.traceparent);
  if (traceparent !== undefined) response.setHeader("traceparent", traceparent);
  const record = openRecord({ telemetry, transport: "http", method, requestId });
  const aborter = new AbortController();
  // Every item of a stream listens to the one signal.
  setMaxListeners(0, aborter.signal);
  let answered: GatewayError | "ok" | undefined;
  response.on("close", () => {
    if (response.writableFinished && answered !== undefined) record.finish(answered === "ok" ? undefined : answered);
    else record.finish(new GatewayError("CALLER_GONE", "the caller disconnected"));
    if (!response.writableFinished) aborter.abort();
  });

  endWithConnection(request, response);

  // The time starts again with every piece that the system takes, and runs out also while there is nothing to take.
  response.setTimeout(stallMs, () => {
    if (response.writableLength === 0) return;
    // A destroyed response counts as written, so how it ended is said here.
    record.finish(new GatewayError("CALLER_GONE", "the caller takes nothing of its answer"));
    response.destroy();
  });

  const sendBytes = (status: number, bytes: Uint8Array) => {
    response.statusCode = status;
    response.setHeader("Content-Length", bytes.length);
    if (hasAllCome(request)) {
      if (draining.aborted) response.setHeader("Connection", "close");
      response.end(bytes);
    } else {
      response.setHeader("Connection", "close");
      response.write(bytes);
      finishAfter(request, response);
    }
  };
  const send = (status: number, body: object | number | string) => {
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    sendBytes(status, Buffer.from(JSON.stringify(body)));
  };

  return {
    context: { requestId, transport: "http", signal: aborter.signal },
    record,
    allowedMs: () => allowedMsFrom(request.headers["x-request-timeout-ms"]),
    answer(body) {
      answered = "ok";
      send(200, body);
    },
    answerBytes(bytes, headers) {
      answered = "ok";
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      sendBytes(200, bytes);
    },
    fail(error, body, status = httpStatusOf(error, options.overloadHttpStatus)) {
      answered = error;
      if (response.headersSent || response.destroyed) {
        // The caller is cut off, but that is not why.
        record.finish(error);
        response.destroy();
        return;
      }
      const retryAfter = retryAfterSecondsOf(error);
      if (retryAfter !== undefined) response.setHeader("Retry-After", retryAfter);
      send(status, body ?? { error: toWireError(error, requestId) });
    },
    end(error) {
      answered = error ?? "ok";
      if (hasAllCome(request)) response.end();
      else finishAfter(request, response);
    },
  };
}

/** Closes a response that waits for its turn when its connection ends: a client may send requests ahead, and Node tells only the first. */
function endWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  if (response.socket !== null) return;
  const end = () => {
    if (response.socket === null) response.destroy().emit("close");
  };
  setMaxListeners(0, socket);
  socket.once("close", end);
  response.once("close", () => socket.off("close", end));
}

/** Whether no more of the request is to come. Node counts one without a body as unfinished while its handler first runs. */
function hasAllCome({ complete, headers }: IncomingMessage): boolean {
  return complete || (headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0);
}

/** Discards the rest of a body that is still coming, for a moment, and then ends the answer and the connection. */
function finishAfter(request: IncomingMessage, response: ServerResponse): void {
  const timer = setTimeout(() => response.end(), LINGER_MS);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  // Node would keep the connection of a stream whose answer ended first, to read the rest of its request.
  response.on("finish", () => request.socket.destroySoon());
  request.on("end", end);
  request.on("close", end);
  request.unpipe();
  request.resume();
}

function allowedMsFrom(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = typeof header === "string" && /^\d{1,10}$/.test(header) ? Number(header) : Number.NaN;
  if (ms >= 1 && ms <= MAX_DEADLINE_MS) return ms;
  throw new GatewayError("REQUEST_INVALID", `x-request-timeout-ms: a whole number of milliseconds from 1 to ${MAX_DEADLINE_MS}`, {
    details: { field: "x-request-timeout-ms" },
  });
}
