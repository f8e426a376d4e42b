import { z } from "zod";
import { addedTokens, inputsPerRequest, modelServerKeys } from "../model-server/settings.ts";
import { addresses } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about a text-embeddings-inference server that runs a classifier or a reranker. */
export const teiParams = z.strictObject({
  type: z.literal("tei").describe("Asks a text-embeddings-inference server that runs a sequence classifier with one label."),
  url: addresses(
    /^(grpcs?|https?)$/,
    "grpc://, grpcs://, http:// or https://",
    "Address of the server, for example http://127.0.0.1:3000, or grpc://127.0.0.1:3000 for one that was built to speak gRPC; or a list of servers that run the same model with the same flags, all of one protocol.",
  ),
  model: z.string().min(1).describe("Model that the server says it runs (`--model-id`)."),
  gives: z
    .enum(["scores", "pairs"])
    .describe(
      "What the model is asked for: one raw score for each text (`POST /predict`), or one for each pair of a query and a text (`POST /rerank`).",
    ),
  addedTokens,
  inputsPerRequest: inputsPerRequest.describe(
    "Most texts in one request to `/rerank`, which the server limits (`--max-client-batch-size`); `/predict` gets them one by one, since its " +
      "answers do not say which text a number belongs to. Default 1, which leaves batches to the server.",
  ),
  ...modelServerKeys,
});

export type TeiParams = z.output<typeof teiParams>;
