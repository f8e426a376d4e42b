import { z } from "zod";
import { inputsPerRequest, modelServerKeys } from "../model-server/settings.ts";
import { addresses } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about a llama.cpp server that runs a reranker. */
export const llamacppParams = z.strictObject({
  type: z
    .literal("llamacpp")
    .describe("Asks a llama.cpp server that runs a reranker (`--reranking`). Chats of llama.cpp go through type openai."),
  url: addresses(
    /^https?$/,
    "http:// or https://",
    "Address of the server, for example http://127.0.0.1:8080; or a list of servers that run the same model with the same flags.",
  ),
  model: z.string().min(1).describe("Name that the server's answers carry: its `--alias`, or the path of the model."),
  gives: z
    .enum(["pairs"])
    .default("pairs")
    .describe("What the model is asked for: one raw score for each pair of a query and a text. Default pairs."),
  inputsPerRequest,
  ...modelServerKeys,
});

export type LlamacppParams = z.output<typeof llamacppParams>;
