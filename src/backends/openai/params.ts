import { z } from "zod";

const url = z.url({ protocol: /^https?$/, error: "an address starts with http:// or https://" }).refine((text) => {
  const { username, password, search, hash } = new URL(text);
  return username === "" && password === "" && search === "" && hash === "";
}, "an address holds no user, password, query or fragment; a key goes to apiKey");

/** What `rewardgate.yaml` says about a server that answers chats as OpenAI's does. */
export const openAiParams = z.strictObject({
  type: z.literal("openai").describe("Asks a server that answers `POST /chat/completions` as OpenAI's does."),
  url: z
    .union([url, z.array(url).min(1)])
    .describe("Base address with its version, for example http://127.0.0.1:8080/v1; or a list of servers that answer alike."),
  model: z.string().min(1).describe("Model to name in each call."),
  apiKey: z
    .union([
      z.strictObject({
        env: z
          .string()
          .regex(/^[A-Za-z_]\w*$/, "the name of an environment variable")
          .describe("Environment variable."),
      }),
      z.strictObject({ file: z.string().min(1).describe("File, relative to this file; read again while the gateway runs.") }),
    ])
    .optional()
    .describe("Where the key for `Authorization: Bearer` is kept. Default none."),
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
  trial: z
    .boolean()
    .default(false)
    .describe(
      "Whether each judge of this server is ready only once a fixed question was answered in a form that it reads, each time that the server " +
        "comes up. It costs the calls of one item. Default false.",
    ),
  rate: z
    .strictObject({
      requestsPerMinute: z.int().min(1).max(1_000_000).optional().describe("Most requests within any minute. Default any number."),
      tokensPerMinute: z
        .int()
        .min(1)
        .max(1_000_000_000)
        .optional()
        .describe(
          "Most tokens, read and written, within any minute. A call counts with all that it may write until it is answered. Default any number.",
        ),
    })
    .optional()
    .describe("What the server allows, over all judges and callers of this gateway; calls wait for it. Default no limit."),
  concurrency: z.int().min(1).max(512).default(16).describe("Calls under way at once, and so the most connections. Default 16."),
  connectTimeoutSeconds: z.number().positive().max(60).default(5).describe("Longest that a connection may take. Default 5."),
  responseTimeoutSeconds: z.number().positive().max(600).default(60).describe("Longest that one attempt may take. Default 60."),
  maxResponseBytes: z.int().min(1024).max(8_388_608).default(1_048_576).describe("Longest answer that is read. Default 1 Mi."),
  maxAttempts: z
    .int()
    .min(1)
    .max(3)
    .default(3)
    .describe("Attempts of one call, the first included; set 1 where another proxy retries. Default 3."),
  healthIntervalSeconds: z.number().min(0.1).max(300).default(5).describe("Time between checks of each address. Default 5."),
});

export type OpenAiParams = z.output<typeof openAiParams>;
