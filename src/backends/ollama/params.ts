import { z } from "zod";
import { chatServerKeys } from "../chat-server/settings.ts";
import { addresses, upstreamKeys } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about an Ollama server. */
export const ollamaParams = z.strictObject({
  type: z.literal("ollama").describe("Asks an Ollama server for chats, in its own protocol (`POST /api/chat`)."),
  url: addresses(
    /^https?$/,
    "http:// or https://",
    "Address of the server, for example http://127.0.0.1:11434; or a list of servers that answer alike.",
  ),
  model: z.string().min(1).describe("Model to name in each call; one without a tag means `:latest`. The server has to have it."),
  digest: z
    .string()
    .regex(/^[0-9a-f]{12,64}$/, "hexadecimal digits, 12 to 64 of them")
    .optional()
    .describe(
      "How the digest begins under which the server lists the model, so that a tag that moves to other weights is noticed. Default any.",
    ),
  contextTokens: z
    .int()
    .min(256)
    .max(1_048_576)
    .optional()
    .describe(
      "Most tokens of a question and its answer (`num_ctx`). A question that does not fit is refused, never cut. Default the server's.",
    ),
  think: z
    .boolean()
    .optional()
    .describe("Whether a model that can think before it answers does so; what it thinks is not read. Default the model's own choice."),
  ...chatServerKeys,
  ...upstreamKeys,
});

export type OllamaParams = z.output<typeof ollamaParams>;
