import { z } from "zod";
import { addedTokens, inputsPerRequest, modelServerKeys } from "../model-server/settings.ts";
import { addresses } from "../upstream/settings.ts";

const tensorName = z.string().min(1).max(256);

/** What `rewardgate.yaml` says about a server of the Open Inference Protocol that runs a model of texts. */
export const tritonParams = z.strictObject({
  type: z
    .literal("triton")
    .describe("Asks a Triton or KServe server, or any other of the Open Inference Protocol (V2), for a model that reads text."),
  url: addresses(
    /^(grpcs?|https?)$/,
    "grpc://, grpcs://, http:// or https://",
    "Address of the server, for example http://127.0.0.1:8000 or grpc://127.0.0.1:8001; /v2 is below it; or a list of servers that run the same model with the same flags, all of one protocol.",
  ),
  model: z
    .string()
    .regex(/^[\w.-]+$/, "letters, digits, hyphens, underscores and full stops")
    .describe("Name of the model at the server."),
  version: z.string().regex(/^\d+$/, "a whole number").optional().describe("Version of the model. Default the server's choice."),
  gives: z
    .enum(["scores", "pairs"])
    .default("scores")
    .describe("What the model is asked for: one raw score for each text, or one for each pair of a query and a text. Default scores."),
  tensors: z
    .strictObject({
      text: tensorName.optional().describe("Input of type BYTES with a text in each row. Default the only one of that type."),
      query: tensorName.optional().describe("Input of type BYTES with a query in each row, where the model reads pairs."),
      score: tensorName.optional().describe("Output with one number in each row. Default the only one with numbers."),
    })
    .default({})
    .describe("Names of tensors, where the model's own description leaves a choice. Default its description decides."),
  addedTokens,
  inputsPerRequest: inputsPerRequest.describe(
    "Most texts in one request, at most the model's `max_batch_size`. A tensor has no index, so above 1 the server has to show with each proof " +
      "that it keeps the order. Default 1, which leaves batches to the server.",
  ),
  ...modelServerKeys,
});

export type TritonParams = z.output<typeof tritonParams>;
