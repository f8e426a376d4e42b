import { z } from "zod";
import type { ChatCall } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { type ReadChat, type WrittenChat, writeMessages } from "../chat-server/protocol.ts";
import type { OllamaParams } from "./params.ts";

/**
 * A chat call as the body of `POST /api/chat`. The server would by its own choice drop the oldest messages of a question that is too long and
 * the oldest tokens of an answer that grows; it is told not to.
 */
export function writeChat(
  call: ChatCall,
  { model, contextTokens, think }: Pick<OllamaParams, "model" | "contextTokens" | "think">,
): WrittenChat {
  const { messages, broken } = writeMessages(call);
  const { temperature, topP, maxTokens, seed } = call.sampling;
  const body = {
    ...{ model, messages, stream: false, truncate: false, shift: false },
    ...(think !== undefined && { think }),
    ...(call.schema !== undefined && { format: JSON.parse(call.schema) }),
    ...(call.alternatives > 0 && { logprobs: true, top_logprobs: call.alternatives }),
    options: {
      ...{ temperature, top_p: topP, seed, num_predict: maxTokens },
      ...(contextTokens !== undefined && { num_ctx: contextTokens }),
    },
  };
  return { body: JSON.stringify(body), broken };
}

const listed = z.object({ token: z.string(), logprob: z.number().max(1e-6) });
const completed = z.object({
  model: z.string(),
  message: z.object({ role: z.literal("assistant"), content: z.string() }),
  done: z.literal(true),
  done_reason: z.string().optional(),
  logprobs: z.array(listed.extend({ top_logprobs: z.array(listed).default([]) })).nullish(),
  prompt_eval_count: z.int().min(0).default(0),
  eval_count: z.int().min(0).optional(),
});

/**
 * Reads the answer of `POST /api/chat`, which is whole (`done`) and in the name that was asked for. Thoughts of the model are not read.
 *
 * @returns undefined when the text is no such answer
 */
export function readChat(text: string): ReadChat | undefined {
  const parsed = completed.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { model, message, done_reason, logprobs, prompt_eval_count, eval_count } = parsed.data;
  return {
    text: message.content.toWellFormed(),
    cut: done_reason !== "stop",
    tokens: (logprobs ?? []).map(({ token, logprob, top_logprobs }) => ({
      token,
      logprob,
      alternatives: new Map(top_logprobs.map((one) => [one.token, one.logprob])),
    })),
    totalTokens: eval_count === undefined ? undefined : prompt_eval_count + eval_count,
    model,
  };
}

const tags = z.object({ models: z.array(z.object({ name: z.string(), digest: z.string().default("") })) });

/** Whether the answer of `GET /api/tags` lists the model, under a digest that begins so. */
export function lists(body: string, { model, digest = "" }: Pick<OllamaParams, "model" | "digest">): boolean {
  const parsed = tags.safeParse(parseJson(body));
  if (!parsed.success) return false;
  const wanted = /:[^/]*$/.test(model) ? model : `${model}:latest`;
  return parsed.data.models.some((one) => one.name === wanted && one.digest.startsWith(digest));
}

const refused = z.object({ error: z.string() });

/** A refusal for length as ITEM_TOO_LONG; undefined for any other. */
export function explainRefusal(backend: string, body: string): GatewayError | undefined {
  const parsed = refused.safeParse(parseJson(body));
  if (!parsed.success || !/exceeds? the (maximum )?context length|exceed_context_size/i.test(parsed.data.error)) return undefined;
  const message = `the item is longer than the model of backend "${backend}" reads; shorten it, or raise contextTokens`;
  return new GatewayError("ITEM_TOO_LONG", message);
}
