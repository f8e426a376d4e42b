import { LRUCache } from "lru-cache";
import type { Tokenizer } from "tokenizers";
import { z } from "zod";
import { BYTE } from "./secrets.ts";

/** Reads texts word by word, for tokenizers to which a word means the same wherever it stands. */
export interface WordReader {
  /** Whether it can read a text: short ones of Latin letters, digits, marks and white space. */
  reads(text: string): boolean;
  /**
   * Looks words up that were met before and asks the library about the others, all in one call off the main thread.
   *
   * @param texts texts that {@link reads} holds for
   * @returns the ids that the library gives to each text, special tokens apart
   * @complexity O(characters) on the main thread, about a tenth of what the library takes for a text whose words are known
   */
  encode(texts: readonly string[]): Promise<Int32Array[]>;
}

/** What must hold of a `tokenizer.json` for a plain text to be the sum of its words: they are cut before the vocabulary is looked at. */
const wordwise = z.looseObject({
  normalizer: z.looseObject({ type: z.literal("BertNormalizer") }),
  pre_tokenizer: z.looseObject({ type: z.literal("BertPreTokenizer") }),
  model: z.looseObject({ type: z.literal("WordPiece") }),
  // An added token that texts reach may be longer than a word, or a part of one.
  added_tokens: z
    .array(
      z.looseObject({
        special: z.literal(true),
        content: z.string().refine((content) => !BYTE.test(content)),
        single_word: z.literal(false).optional(),
      }),
    )
    .default([]),
});

/** Digits and Latin letters, with their accents. The normalizer takes none of them out, and none is cut off the word it stands in. */
const IN_WORDS = "0-9A-Za-zÀ-ÖØ-öø-ɏ";
/** Marks of ASCII, and dashes, quotes and dots of print: each is a word of its own. */
const MARKS = "!-/:-@[-`{-~\u2010-\u2027";
/** What the normalizer takes out of a text, such as control characters, could join two words, so such a text is not plain. */
const PLAIN = new RegExp(`^[\\t\\n\\r ${IN_WORDS}${MARKS}]*$`);
/** The words of a plain text, as the pre-tokenizer cuts them. */
const WORD = new RegExp(`[${IN_WORDS}]+|[${MARKS}]`, "g");

/** The main thread is not held up for longer texts, which the library reads in a thread of its own. */
const LONGEST_TEXT = 4096;
/** Longer words are hardly met again. */
const LONGEST_WORD = 32;
/** Words of a few languages in the spellings that stand in texts; ten megabytes. */
const REMEMBERED = 65_536;

/**
 * Makes the reader of a tokenizer.
 *
 * @param file      the parsed `tokenizer.json`
 * @param tokenizer the library's tokenizer of it
 * @returns undefined for a tokenizer that does not read word by word
 */
export function createWordReader(file: unknown, tokenizer: Tokenizer): WordReader | undefined {
  if (!wordwise.safeParse(file).success) return undefined;
  const known = new LRUCache<string, readonly number[]>({ max: REMEMBERED });

  const learn = async (words: Set<string>): Promise<Map<string, readonly number[]>> => {
    const learnt = new Map<string, readonly number[]>();
    if (words.size === 0) return learnt;
    const list = [...words];
    const encoding = await tokenizer.encode(list.join(" "), null, { addSpecialTokens: false });
    const ids = encoding.getIds();
    const wordOf = encoding.getWordIds();
    if (wordOf.at(-1) !== list.length - 1) throw new Error("the tokenizer cuts words in another way than it declares");
    let from = 0;
    for (const [index, word] of list.entries()) {
      let to = from;
      while (wordOf[to] === index) to++;
      const own = ids.slice(from, to);
      from = to;
      learnt.set(word, own);
      // A piece of a text would keep the whole text in memory.
      if (word.length <= LONGEST_WORD) known.set(Buffer.from(word).toString(), own);
    }
    return learnt;
  };

  return {
    reads: (text) => text.length <= LONGEST_TEXT && PLAIN.test(text),
    async encode(texts) {
      const unknown = new Set<string>();
      const lookUp = (word: string) => {
        const ids = known.get(word);
        if (ids === undefined) unknown.add(word);
        return ids;
      };
      const read = texts.map((text) => {
        const words: readonly string[] = text.match(WORD) ?? [];
        return { words, ids: words.map(lookUp) };
      });
      const learnt = await learn(unknown);
      return read.map(({ words, ids }) => joined(ids.map((own, index) => own ?? learnt.get(words[index]!)!)));
    },
  };
}

function joined(words: readonly (readonly number[])[]): Int32Array {
  let total = 0;
  for (const { length } of words) total += length;
  const ids = new Int32Array(total);
  let at = 0;
  for (const word of words) for (const id of word) ids[at++] = id;
  return ids;
}
