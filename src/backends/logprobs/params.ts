import { z } from "zod";
import { addresses, hedge, upstreamKeys } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about an engine that tells how likely its causal model finds a text. */
export const logprobsParams = z.strictObject({
  type: z.literal("logprobs").describe("Asks an engine how likely its causal model finds each token of a text: docs/backends/logprobs.md."),
  engine: z.enum(["vllm", "sglang"]).describe("Which engine it is: `vllm` (`POST /v1/completions`) or `sglang` (`POST /generate`)."),
  url: addresses(
    /^https?$/,
    "http:// or https://",
    "Address of the server, for example http://127.0.0.1:8000; or a list of servers that run the same model with the same flags.",
  ),
  model: z
    .string()
    .min(1)
    .describe(
      "Model to name in each call, as the server names it: for `vllm` the first of `--served-model-name` or the model's own name, for `sglang` " +
        "`--model-path`. A server that says another is not believed. It is part of what a score is kept under.",
    ),
  tokenizer: z
    .strictObject({ file: z.string().min(1).describe("The model's tokenizer.json, relative to this file.") })
    .describe(
      "What makes tokens of texts: the gateway sends token ids. The server must make the same ones, which is tried before its first answer.",
    ),
  proofIntervalSeconds: z
    .number()
    .min(1)
    .max(86_400)
    .default(600)
    .describe("Time between proofs of a server that answers: its tokens and the golden scores of its judges, again. Default 600."),
  hedge,
  ...upstreamKeys,
  maxResponseBytes: z
    .int()
    .min(1024)
    .max(67_108_864)
    .default(8_388_608)
    .describe("Longest answer that is read: some 80 bytes a token. Default 8 Mi."),
});

export type LogprobsParams = z.output<typeof logprobsParams>;
