import { z } from "zod";
import { ERROR_TABLE, GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { ChatRelay } from "../../domain/relay.ts";
import { readWholeBody } from "../http/body.ts";
import { parseJson } from "../http/from-json.ts";
import type { Route } from "../http/route.ts";
import { parseStrictJson } from "../http/strict-json.ts";
import { refuse } from "../request-rules.ts";

const Body = z.looseObject({ messages: z.array(z.unknown()).min(1), stream: z.boolean().nullish() });

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
 * backend with nothing changed but the model's name, and the answer comes back as it is. Answers that come piece by piece are refused.
 */
export function chatRoutes({ path, relay, limits, bodyMs }: ChatRoutesOptions): Route[] {
  return [
    {
      verb: "post",
      path,
      method: "ChatCompletions",
      mediaTypes: ["application/json"],
      errorBody,
      async handle(exchange, request) {
        const bytes = await readWholeBody(request, { maxBytes: limits.maxHttpBodyBytes, timeoutMs: bodyMs });
        exchange.record.bytes = bytes.length;
        exchange.record.items = 1;
        const chat = parseJson(Body, parseStrictJson(bytes, limits.maxJsonDepth));
        if (chat.stream) throw refuse("stream", "answers come whole; leave it out or send false");
        const { signal } = exchange.context;
        const { status, body } = await relay.send(JSON.stringify(chat), { signal, deadlineMs: exchange.allowedMs() });
        if (status === 200) exchange.answerBytes(Buffer.from(body), { "Content-Type": "application/json; charset=utf-8" });
        else exchange.fail(new GatewayError("REQUEST_INVALID", "the chat server refused the chat"), JSON.parse(body) as object, status);
      },
    },
  ];
}

/** Errors as OpenAI's clients read them. */
function errorBody({ message, reason }: GatewayError): object {
  const type = ERROR_TABLE[reason].http < 500 ? "invalid_request_error" : "server_error";
  return { error: { message, type, param: null, code: reason } };
}
