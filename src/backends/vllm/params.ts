import { z } from "zod";
import { addresses, upstreamKeys } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about a vLLM server that runs a reward model. */
export const vllmParams = z.strictObject({
  type: z.literal("vllm").describe("Asks a vLLM server that runs a reward model (`--runner pooling`)."),
  url: addresses(/^https?$/, "http:// or https://", "Address of the server, for example http://127.0.0.1:8000.").pipe(
    z.string("one address: put a balancer before several servers, which all run the same model with the same flags"),
  ),
  model: z.string().min(1).describe("Model to name in each call, as the server knows it."),
  gives: z
    .enum(["scores", "steps"])
    .describe("What the model is asked for: one raw score for each text (`POST /classify`), or a number for each step (`POST /pooling`)."),
  right: z
    .enum(["first", "last"])
    .default("last")
    .describe(
      "Which number of a step's row is the probability that it is right, as `returned_token_ids` of the server orders them. Default last.",
    ),
  probe: z
    .boolean()
    .default(true)
    .describe(
      "Whether the server must show, before its scores are used, that they are not squashed into (0, 1). Set false for a model whose raw " +
        "scores really lie there. Default true.",
    ),
  ...upstreamKeys,
});

export type VllmParams = z.output<typeof vllmParams>;
