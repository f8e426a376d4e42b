import { z } from "zod";
import { modelServerKeys } from "../model-server/settings.ts";
import { addresses } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about a vLLM server that runs a reward model. */
export const vllmParams = z.strictObject({
  type: z.literal("vllm").describe("Asks a vLLM server that runs a reward model (`--runner pooling`)."),
  url: addresses(
    /^https?$/,
    "http:// or https://",
    "Address of the server, for example http://127.0.0.1:8000; or a list of servers that run the same model with the same flags.",
  ),
  model: z
    .string()
    .min(1)
    .describe(
      "Model to name in each call, as the server names it in its answers: the first of `--served-model-name`, or the model's own name.",
    ),
  gives: z
    .enum(["scores", "pairs", "steps"])
    .describe(
      "What the model is asked for: one raw score for each text (`POST /classify`), one for each pair of a query and a text (`POST /score`), or " +
        "a number for each step (`POST /pooling`).",
    ),
  right: z
    .enum(["first", "last"])
    .default("last")
    .describe(
      "Which number of a step's row is the probability that it is right, as `returned_token_ids` of the server orders them. Default last.",
    ),
  ...modelServerKeys,
});

export type VllmParams = z.output<typeof vllmParams>;
