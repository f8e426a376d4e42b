import type { IncomingMessage, ServerResponse } from "node:http";
import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { RewardService } from "../../domain/service.ts";
import { createWriter } from "../back-pressure.ts";
import { toWireError } from "../error-mapping.ts";
import { createGiveWay } from "../give-way.ts";
import { limitIdle } from "../idle-limit.ts";
import { checkScoreRequest } from "../request-rules.ts";
import { openScoreStream, type StreamMessage } from "../score-stream.ts";
import { readBody } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { idOfLine, streamRequestFromJson } from "./from-json.ts";
import { readLines } from "./lines.ts";
import { parseStrictJson } from "./strict-json.ts";
import { streamAnswerToJson } from "./to-json.ts";

export interface StreamRouteOptions {
  readonly service: RewardService;
  readonly limits: RequestLimits;
  readonly draining: AbortSignal;
  /** A stream that is idle for this long ends with DEADLINE_EXCEEDED, milliseconds. */
  readonly idleMs: number;
}

/**
 * JSON lines in, JSON lines out: one item per line, one answer per line as it finishes. Reading waits while the stream is full
 * and writing waits for the client, so a stream holds a bounded number of items whatever the client does.
 *
 * A line that is no valid request is answered with an error line and the stream goes on. A body that cannot be cut into lines
 * any more ends with one error line without an id, and so does a stream that is idle for too long.
 */
export async function scoreStream(
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
  { service, limits, draining, idleMs }: StreamRouteOptions,
): Promise<void> {
  const { context, record } = exchange;
  const allowed = exchange.allowedMs();
  const arrivedAt = performance.now();
  const allowedMs = () => (allowed === undefined ? undefined : Math.round(allowed - (performance.now() - arrivedAt)));
  const write = createWriter<string>(response);
  let wake = () => {};
  const woken = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });

  const scores = openScoreStream({
    service,
    context,
    maxInFlight: limits.maxStreamInFlight,
    write: (answer) => write(`${JSON.stringify(streamAnswerToJson(answer))}\n`),
    onRoom: () => wake(),
    onIdle: () => {
      wake();
      idle.active();
      endWhenDraining();
    },
  });

  let inputEnded = false;
  let ended = false;
  const end = async (error?: GatewayError) => {
    if (ended) return;
    ended = true;
    idle.stop();
    draining.removeEventListener("abort", endWhenDraining);
    if (error !== undefined) await write(`${JSON.stringify({ error: toWireError(error, context.requestId) })}\n`);
    exchange.end(error);
  };
  const endWhenDraining = () => {
    if (draining.aborted && scores.running === 0 && !inputEnded) void end(stopping());
  };
  const idle = limitIdle({ idleMs, running: () => scores.running, onIdle: (error) => void end(error) });

  const body = readBody(request, { maxBytes: Number.POSITIVE_INFINITY });
  response.writeHead(200, { "Content-Type": "application/x-ndjson; charset=utf-8", "Cache-Control": "no-store" });
  response.flushHeaders();
  draining.addEventListener("abort", endWhenDraining);
  // A chunk holds thousands of lines, and what rules answer waits for nothing.
  const giveWay = createGiveWay(() => performance.now());
  let failure: GatewayError | undefined;
  try {
    for await (const line of readLines(announced(body, idle.active), limits.maxHttpBodyBytes)) {
      await giveWay();
      while (scores.full && !context.signal.aborted) await woken();
      if (context.signal.aborted || ended) break;
      record.bytes += line.length;
      record.items++;
      scores.push(parseLine(line, scores.taken, limits, allowedMs()));
    }
  } catch (thrown) {
    failure = GatewayError.from(thrown);
  }
  inputEnded = true;
  while (scores.running > 0 && !context.signal.aborted) await woken();
  await end(failure);
}

function parseLine(line: Buffer, position: number, limits: RequestLimits, allowedMs: number | undefined): StreamMessage {
  let id = String(position);
  try {
    const json = parseStrictJson(line, limits);
    id = idOfLine(json) ?? id;
    const request = streamRequestFromJson(json, id, allowedMs);
    checkScoreRequest(request, limits, "stream");
    return { id, request };
  } catch (thrown) {
    return { id, error: GatewayError.from(thrown) };
  }
}

function stopping(): GatewayError {
  return new GatewayError("SHUTTING_DOWN", "the gateway is stopping; send unanswered items elsewhere");
}

/** The chunks as they are, and a word about each before it is read. */
async function* announced(chunks: AsyncIterable<Buffer>, tell: () => void): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks) {
    tell();
    yield chunk;
  }
}
