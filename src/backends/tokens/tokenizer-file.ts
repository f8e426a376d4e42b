import type { Tokenizer } from "tokenizers";
import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";

/** The parts of a `tokenizer.json` that are looked at. */
const tokenizerFile = z.looseObject({
  added_tokens: z
    .array(z.looseObject({ id: z.int(), content: z.string(), special: z.boolean(), lstrip: z.boolean().default(false) }))
    .default([]),
  padding: z.looseObject({ pad_id: z.int() }).nullish(),
  model: z.looseObject({
    unk_token: z.string().nullish(),
    unk_id: z.int().nullish(),
    /** By token, or in the order of ids with scores. */
    vocab: z.union([z.record(z.string(), z.int()), z.array(z.tuple([z.string(), z.number()]))]),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).optional(),
  }),
});
export type TokenizerFile = z.output<typeof tokenizerFile>;

/** Names that vocabularies give to their padding token, when the file does not say which it is. */
const PAD_TOKENS = ["[PAD]", "<pad>", "<|pad|>", "<PAD>"];

/**
 * Reads the text of a `tokenizer.json`.
 *
 * @throws {GatewayError} CONFIG_INVALID when it has another form
 */
export function parseTokenizerFile(json: string): TokenizerFile {
  try {
    return tokenizerFile.parse(JSON.parse(json));
  } catch (cause) {
    throw invalidTokenizer("it does not have the form of a tokenizer.json", cause);
  }
}

/** The id that fills a batch up: the file's own, or that of a token that is named like one, or 0. */
export function padIdOf(file: TokenizerFile, tokenizer: Tokenizer): number {
  if (file.padding) return file.padding.pad_id;
  for (const token of PAD_TOKENS) {
    const id = tokenizer.tokenToId(token);
    if (id !== null) return id;
  }
  return 0;
}

/** The error of a tokenizer that cannot be served. */
export function invalidTokenizer(problem: string, cause?: unknown): GatewayError {
  return new GatewayError("CONFIG_INVALID", `the tokenizer is not usable: ${problem}; put the tokenizer.json of the model in its place`, {
    cause,
  });
}
