import { z } from "zod";
import type { Backend } from "../../domain/backend.ts";
import { hedge, type ServerOptions, upstreamKeys } from "../upstream/settings.ts";
import type { AddedTokens } from "./written-text.ts";

/** What `rewardgate.yaml` says about any server that runs a reward model, beside the keys of its engine. */
export const modelServerKeys = {
  probe: z
    .boolean()
    .default(true)
    .describe(
      "Whether the server must show, before its scores are used, that they are not squashed into (0, 1). Set false for a model whose raw " +
        "scores really lie there. Default true.",
    ),
  proofIntervalSeconds: z
    .number()
    .min(1)
    .max(86_400)
    .default(600)
    .describe(
      "Time between proofs of a server that answers: the probe for squashed scores and the golden scores of its judges, again. Default 600.",
    ),
  hedge,
  ...upstreamKeys,
};

/** Most inputs in one request, where an engine's answers say which input each number belongs to, or are proven to keep the order. */
export const inputsPerRequest = z
  .int()
  .min(1)
  .max(256)
  .default(1)
  .describe("Most inputs in one request; where it is refused, they are asked apart. Default 1, which leaves batches to the server.");

/** Special tokens that an engine's tokenizer adds. */
export const addedTokens = z
  .strictObject({
    start: z.string().max(64).default("").describe("Before each text, for example <|begin_of_text|>. Default none."),
    end: z.string().max(64).default("").describe("Behind each text. Default none."),
  })
  .default({ start: "", end: "" })
  .describe(
    "Special tokens that the server's tokenizer writes around each text by itself. Where a judge's template writes them too, they are taken off " +
      "before the text is sent, so that none stands there twice. Default none.",
  );

/** What {@link modelServerKeys} hold once they are read. */
export type ModelServerKeys = z.output<z.ZodObject<typeof modelServerKeys>>;

/** A server to ask, and how. Keys are those of the configuration. */
export interface ModelServerOptions extends ModelServerKeys, ServerOptions {
  /** Model to name in each call, and that the server's answers have to name where they name one. */
  readonly model: string;
  readonly addedTokens?: AddedTokens;
  /**
   * What else has to hold before an answer of the server is used, golden scores for example; it is given a backend that answers already.
   * It throws CONFIG_INVALID when it does not hold.
   */
  readonly verify?: ((backend: Backend) => Promise<void>) | undefined;
}
