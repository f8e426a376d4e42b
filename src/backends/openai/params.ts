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
    .boolean()
    .default(true)
    .describe("Whether the server is held to a judge's JSON schema (`response_format`). Set false for one that refuses it. Default true."),
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
