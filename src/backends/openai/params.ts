import { z } from "zod";
import { chatServerKeys } from "../chat-server/settings.ts";
import { addresses, upstreamKeys } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about a server that answers chats as OpenAI's does. */
export const openAiParams = z.strictObject({
  type: z.literal("openai").describe("Asks a server that answers `POST /chat/completions` as OpenAI's does."),
  url: addresses(
    /^https?$/,
    "http:// or https://",
    "Base address with its version, for example http://127.0.0.1:8080/v1; or a list of servers that answer alike.",
  ),
  model: z.string().min(1).describe("Model to name in each call."),
  structuredOutput: z
    .enum(["responseFormat", "structuredOutputs", "guidedJson", "jsonSchema", "none"])
    .default("responseFormat")
    .describe(
      "Field in which the server is sent a judge's JSON schema, to hold the model to it: `responseFormat` as OpenAI, vLLM, SGLang, Ollama and " +
        "llama.cpp take it, `structuredOutputs` vLLM's own since 0.12, `guidedJson` vLLM's before, `jsonSchema` llama.cpp's own, which makes a " +
        "grammar of it; `none` for a server that refuses all. Default responseFormat.",
    ),
  tokenLimit: z
    .enum(["maxTokens", "maxCompletionTokens"])
    .default("maxTokens")
    .describe("Field that limits an answer: `max_tokens`, or `max_completion_tokens` for models of OpenAI that reason. Default maxTokens."),
  answersAs: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Name of the model that answers have to carry; an answer in another name is a failure. Servers name aliases, files or dated versions, so it may " +
        "differ from `model`. Default any name.",
    ),
  ...chatServerKeys,
  ...upstreamKeys,
});

export type OpenAiParams = z.output<typeof openAiParams>;
