import { z } from "zod";
import { addedTokens, inputsPerRequest, modelServerKeys } from "../model-server/settings.ts";
import { addresses } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about an SGLang server that runs a reward model. */
export const sglangParams = z.strictObject({
  type: z.literal("sglang").describe("Asks an SGLang server that runs a reward model (`--is-embedding`)."),
  url: addresses(
    /^https?$/,
    "http:// or https://",
    "Address of the server, for example http://127.0.0.1:30000; or a list of servers that run the same model with the same flags.",
  ),
  model: z.string().min(1).describe("Path or name with which the server was started (`--model-path`); it has to say the same of itself."),
  gives: z.enum(["scores"]).default("scores").describe("What the model is asked for: one raw score for each text. Default scores."),
  route: z
    .enum(["classify", "embeddings"])
    .default("classify")
    .describe(
      "Where it is asked: `classify` the native `POST /classify`, `embeddings` `POST /v1/embeddings`, which routers before it pass on too. " +
        "`/v1/classify` is never asked: it puts one label through a softmax. Default classify.",
    ),
  addedTokens,
  inputsPerRequest: inputsPerRequest.describe(
    "Most texts in one request to `/v1/embeddings`; `/classify` gets them one by one, since its answers do not say which text a number belongs " +
      "to. Default 1, which leaves batches to the server.",
  ),
  ...modelServerKeys,
});

export type SglangParams = z.output<typeof sglangParams>;
