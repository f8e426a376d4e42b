import { z } from "zod";
import type { ChatCall } from "../../domain/backend.ts";
import type { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { type ReadChat, type WrittenChat, writeMessages } from "../chat-server/protocol.ts";
import { tooLong } from "../upstream/too-long.ts";
import type { OpenAiParams } from "./params.ts";

/** What decides how a call is written, besides the call. */
export interface ChatDialect {
  readonly model: string;
  /** In which field the server takes a call's schema. */
  readonly structuredOutput: OpenAiParams["structuredOutput"];
  /** In which field it takes the most tokens of an answer. */
  readonly tokenLimit: OpenAiParams["tokenLimit"];
}

/** A chat call as the body of `POST /chat/completions`. */
export function writeChat(call: ChatCall, { model, structuredOutput, tokenLimit }: ChatDialect): WrittenChat {
  const { messages, broken } = writeMessages(call);
  const { temperature, topP, maxTokens, seed } = call.sampling;
  const body = {
    model,
    messages,
    temperature,
    top_p: topP,
    [tokenLimit === "maxTokens" ? "max_tokens" : "max_completion_tokens"]: maxTokens,
    seed,
    stream: false,
    ...(call.alternatives > 0 && { logprobs: true, top_logprobs: call.alternatives }),
    ...(call.schema !== undefined && schemaFields(structuredOutput, JSON.parse(call.schema))),
  };
  return { body: JSON.stringify(body), broken };
}

/** The field that holds an answer to a schema. */
function schemaFields(structuredOutput: ChatDialect["structuredOutput"], schema: unknown): Readonly<Record<string, unknown>> {
  switch (structuredOutput) {
    case "responseFormat":
      return { response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } } };
    case "structuredOutputs":
      return { structured_outputs: { json: schema } };
    case "guidedJson":
      return { guided_json: schema };
    case "jsonSchema":
      return { json_schema: schema };
    case "none":
      return {};
  }
}

/** What a model thought before it spoke, as vLLM calls it and as SGLang and others do. */
const thoughts = z.string().nullish().catch(undefined);
const listed = z.object({ token: z.string(), logprob: z.number().max(1e-6) });
const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        index: z.literal(0),
        message: z.object({
          role: z.literal("assistant").optional(),
          content: z.string().nullish(),
          reasoning: thoughts,
          reasoning_content: thoughts,
        }),
        finish_reason: z.string(),
        logprobs: z.object({ content: z.array(listed.extend({ top_logprobs: z.array(listed) })).nullish() }).nullish(),
      }),
    )
    .length(1),
  model: z.string().nullish(),
  usage: z
    // Servers that do not count write 0, LitServe for one.
    .object({ total_tokens: z.int().min(1) })
    .nullish()
    .catch(undefined),
});

/** How servers say that a model came to its end: OpenAI's word, Together's, and those of text-generation-inference up to 2.2. */
const ENDED: ReadonlySet<string> = new Set(["stop", "eos", "eos_token", "stop_sequence"]);
/** Why a model may have said nothing: it was still thinking when it was stopped, or a filter took its words. The server is well then. */
const STOPPED: ReadonlySet<string> = new Set(["length", "content_filter"]);

/**
 * Reads the answer of `POST /chat/completions`. Only one choice with text is an answer, or one that was stopped before there was any, or that
 * ended with its thoughts; whatever else came with it is not read.
 *
 * @returns undefined when the text is no such answer
 */
export function readChat(text: string): ReadChat | undefined {
  const parsed = completionSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { message, finish_reason, logprobs } = parsed.data.choices[0]!;
  const thought = message.reasoning || message.reasoning_content;
  if (message.content == null && !STOPPED.has(finish_reason) && !thought) return undefined;
  return {
    text: (message.content ?? "").toWellFormed(),
    cut: !ENDED.has(finish_reason),
    tokens: (logprobs?.content ?? []).map(({ token, logprob, top_logprobs }) => ({
      token,
      logprob,
      alternatives: new Map(top_logprobs.map((one) => [one.token, one.logprob])),
    })),
    totalTokens: parsed.data.usage?.total_tokens,
    model: parsed.data.model ?? undefined,
  };
}

/** Codes and types with which servers say that a call is longer than their model reads: OpenAI's code, llama.cpp's type. */
const TOO_LONG = new Set(["context_length_exceeded", "exceed_context_size_error"]);
/** The same in words, where there is nothing else: of vLLM and Mistral, SGLang, text-generation-inference, and LiteLLM's proxy. */
const SAYS_TOO_LONG =
  /maximum (context|model) length|model's context length|maximum allowed length|must have less than \d+ tokens|`max_new_tokens` must be <=|ContextWindowExceededError/i;

const said = z.object({ message: z.string().catch(""), code: z.unknown().optional(), type: z.unknown().optional() });
/** As OpenAI nests it; as text-generation-inference says it; as SGLang has it on the outside. */
const errorSchema = z.union([
  z.object({ error: said }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(({ error }) => ({ message: error, code: undefined, type: undefined })),
  said,
]);

/** A refusal for length as ITEM_TOO_LONG; undefined for any other. */
export function explainRefusal(backend: string, body: string): GatewayError | undefined {
  const parsed = errorSchema.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const { message, code, type } = parsed.data;
  if (![code, type].some((word) => typeof word === "string" && TOO_LONG.has(word)) && !SAYS_TOO_LONG.test(message)) return undefined;
  return tooLong(backend);
}
