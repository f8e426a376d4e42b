import type { ServerResponse } from "node:http";
import { z } from "zod";
import { ERROR_TABLE, GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { ChatRelay } from "../../domain/relay.ts";
import { readWholeBody } from "../http/body.ts";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import type { Route } from "../http/route.ts";
import { parseStrictJson } from "../http/strict-json.ts";

const Body = z.looseObject({ messages: listOf(z.unknown()).min(1), stream: z.boolean().nullish() });

/** A chat server that clients reach through the gateway. */
export interface RelayedChats {
  readonly path: string;
  readonly relay: ChatRelay;
}

export interface ChatRoutesOptions extends RelayedChats {
  readonly limits: RequestLimits;
  /** Time for a body, milliseconds. */
  readonly bodyMs: number;
}

/**
 * Chat completions for reward functions that talk to a generative judge themselves, as verl's do: the body goes to the server of one
 * backend with nothing changed but the model's name, and the answer comes back as it is: whole, or with `stream: true` event by event. An
 * answer that breaks off is ended with an event that says why, and cut, so that nobody takes it for whole.
 */
export function chatRoutes({ path, relay, limits, bodyMs }: ChatRoutesOptions): Route[] {
  return [
    {
      verb: "post",
      path,
      method: "ChatCompletions",
      mediaTypes: ["application/json"],
      errorBody,
      async handle(exchange, request, response) {
        const bytes = await readWholeBody(request, { maxBytes: limits.maxHttpBodyBytes, timeoutMs: bodyMs });
        exchange.record.bytes = bytes.length;
        exchange.record.items = 1;
        const chat = parseJson(Body, parseStrictJson(bytes, limits));
        const { signal } = exchange.context;
        let over = false;
        const onPiece = chat.stream ? (piece: Uint8Array) => over || writePiece(response, piece) : undefined;
        try {
          const { status, body } = await relay.send(JSON.stringify(chat), { signal, deadlineMs: exchange.allowedMs(), onPiece });
          if (response.headersSent) exchange.end();
          else if (status === 200) exchange.answerBytes(Buffer.from(body), { "Content-Type": "application/json; charset=utf-8" });
          else exchange.fail(new GatewayError("REQUEST_INVALID", "the chat server refused the chat"), JSON.parse(body) as object, status);
        } catch (thrown) {
          over = true;
          if (!response.headersSent || response.destroyed) throw thrown;
          const error = GatewayError.from(thrown);
          response.write(eventOf(errorBody(error)), () => exchange.fail(error));
        }
      },
    },
  ];
}

/** Sends a piece of an answer. Its length is that of the whole answer at most, which the backend bounds, so nothing waits for a slow caller. */
function writePiece(response: ServerResponse, piece: Uint8Array): void {
  if (!response.headersSent) response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store" });
  response.write(piece);
}

/** One server-sent event. */
function eventOf(data: object): string {
  return `\n\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Errors as OpenAI's clients read them. */
function errorBody({ message, reason }: GatewayError): object {
  const type = ERROR_TABLE[reason].http < 500 ? "invalid_request_error" : "server_error";
  return { error: { message, type, param: null, code: reason } };
}
