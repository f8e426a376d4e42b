import { readFile } from "node:fs/promises";
import { Tokenizer } from "tokenizers";
import type { BackendPlan } from "../../config/resolve.ts";

/** Measures candidates, in one unit for a whole report. */
export interface LengthCounter {
  readonly unit: "tokens" | "words";
  count(texts: readonly string[]): Promise<number[]>;
}

/** Counts tokens with the tokenizer of the first model, whole texts without special tokens; words where no model has one. */
export async function openLengthCounter(backends: readonly BackendPlan[]): Promise<LengthCounter> {
  const [first] = backends;
  if (first === undefined) return countWords();
  const tokenizer = Tokenizer.fromString(await readFile(first.onnx.tokenizerPath, "utf8"));
  tokenizer.disablePadding();
  tokenizer.disableTruncation();
  return {
    unit: "tokens",
    async count(texts) {
      const encodings = await tokenizer.encodeBatch([...texts], { addSpecialTokens: false });
      return encodings.map((encoding) => encoding.getLength());
    },
  };
}

/** Words as Unicode separates them, in any script. */
function countWords(): LengthCounter {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
  const countOf = (text: string) => [...segmenter.segment(text)].filter(({ isWordLike }) => isWordLike).length;
  return { unit: "words", count: async (texts) => texts.map(countOf) };
}
