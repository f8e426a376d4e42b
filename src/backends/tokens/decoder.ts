import { Tokenizer } from "tokenizers";
import { GatewayError } from "../../domain/errors.ts";

/** Texts of rows of token ids, special tokens included, since they mark the turns of a conversation. */
export type TokenDecoder = (rows: readonly (readonly number[])[]) => Promise<string[]>;

/**
 * Opens a `tokenizer.json` for reading ids.
 *
 * @returns a decoder; it throws GatewayError REQUEST_INVALID for an id that the vocabulary does not have
 * @throws {GatewayError} CONFIG_INVALID when the file is not a tokenizer
 */
export function createTokenDecoder(json: string): TokenDecoder {
  const tokenizer = open(json);
  const size = tokenizer.getVocabSize(true);
  return async (rows) => {
    for (const [row, ids] of rows.entries()) {
      const foreign = ids.find((id) => id < 0 || id >= size);
      if (foreign !== undefined) {
        throw new GatewayError("REQUEST_INVALID", `tokens[${row}]: no token ${foreign} in a vocabulary of ${size}`, {
          details: { field: `tokens[${row}]` },
        });
      }
    }
    return tokenizer.decodeBatch(
      rows.map((ids) => [...ids]),
      false,
    );
  };
}

function open(json: string): Tokenizer {
  try {
    return Tokenizer.fromString(json);
  } catch (cause) {
    throw new GatewayError("CONFIG_INVALID", "the file is no tokenizer.json", { cause });
  }
}
