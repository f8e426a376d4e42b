import { type Encoding, Tokenizer } from "tokenizers";
import type { Segment } from "../../domain/backend.ts";
import { availableCores } from "../cores.ts";
import { joined, share, type Tokens } from "./seams.ts";
import { forbiddenBytes, secretsOf, withSecrets } from "./secrets.ts";
import { type Stretch, stretcher } from "./stretches.ts";
import { invalidTokenizer, padIdOf, parseTokenizerFile } from "./tokenizer-file.ts";
import { createWordReader } from "./words.ts";

/** A text in stretches. */
export interface SegmentedText {
  readonly segments: readonly Segment[];
  /** Segments from this one on keep every token that holds a character of theirs, whoever wrote what is before them. Absent: none does. */
  readonly scoredFrom?: number;
}

/** Token ids of texts, with the line between a template's text and what users wrote kept. */
export interface SegmentTokenizer {
  /** Id that fills a batch up to its longest text. */
  readonly padId: number;
  /**
   * Encodes every distinct stretch of the texts: word by word where the tokenizer reads so, else in one native call off the main thread.
   *
   * @returns the ids of each segment of one of those texts, a token that reaches over a seam with what a user wrote;
   *   it throws GatewayError REQUEST_INVALID for a content that the vocabulary can only write with a special token
   */
  encode(texts: readonly SegmentedText[]): Promise<(text: SegmentedText) => Int32Array[]>;
}

/** Stretches of templates that are remembered: a template has a handful. */
const REMEMBERED = 1024;

/**
 * Opens a `tokenizer.json`. A template and the contents in it are read as one text between two special tokens, so their tokens are
 * those of the whole rendered conversation. Special tokens themselves are reached under secrets only, which control text gets and
 * content does not: a `[SEP]` that a user typed stays the characters `[`, `SEP`, `]`, or unknown text
 * where the vocabulary has no such characters.
 *
 * @throws {GatewayError} CONFIG_INVALID when the file is not a tokenizer, or cannot be read without its special tokens
 */
export function createSegmentTokenizer(json: string): SegmentTokenizer {
  limitNativePool();
  const file = parseTokenizerFile(json);
  const original = open(json);
  const specials = secretsOf(file);
  const tokenizer = open(JSON.stringify(withSecrets(file, specials, original.getVocab(false))));
  const secrets = new Map(specials.map(({ content, secret }) => [content, secret]));
  for (const { content, special } of file.added_tokens) {
    if (special && !secrets.has(content)) continue;
    if (tokenizer.tokenToId(secrets.get(content) ?? content) !== original.tokenToId(content)) {
      throw invalidTokenizer("its added tokens do not keep their ids when special tokens are put out of reach");
    }
  }
  const isForbidden = forbiddenBytes(file, original);
  const cut = stretcher(specials);
  const words = createWordReader(file, tokenizer);
  const remembered = new Map<string, Tokens>();
  const specialIds = new Map(specials.map(({ secret }) => [secret, tokenizer.tokenToId(secret)!]));

  /** Reads the stretches that are a special token, a content, or one before the other, word by word; returns those that are not read. */
  const readWords = async (stretches: readonly Stretch[], found: Map<string, Tokens>): Promise<readonly Stretch[]> => {
    if (words === undefined) return stretches;
    const others: Stretch[] = [];
    const read = new Map<string, Stretch>();
    for (const stretch of stretches) {
      if (isWordwise(stretch) && words.reads(contentOf(stretch))) read.set(stretch.text, stretch);
      else others.push(stretch);
    }
    const contents = await words.encode([...read.values()].map(contentOf));
    let index = 0;
    for (const [text, { parts }] of read) {
      const content = contents[index++]!;
      const [first] = parts;
      found.set(text, { ids: first!.isSpecial ? joined([Int32Array.of(specialIds.get(first!.text)!), content]) : content });
    }
    return others;
  };
  return {
    padId: padIdOf(file, original),
    async encode(segmented) {
      const found = new Map<string, Tokens>();
      const unknown = new Map<string, boolean>();
      const cuts = new Map(segmented.map((text) => [text, cut(text.segments)]));
      for (const { text, parts } of await readWords([...cuts.values()].flat(), found)) {
        const tokens = remembered.get(text);
        if (tokens !== undefined) found.set(text, tokens);
        else unknown.set(text, (unknown.get(text) ?? true) && parts.every(({ origin }) => origin === "control"));
      }
      const texts = [...unknown.keys()];
      for (const [index, encoding] of (await encodeAll(tokenizer, texts)).entries()) {
        const text = texts[index]!;
        const ids = Int32Array.from(encoding.getIds());
        const tokens = { ids: isForbidden(ids) ? undefined : ids, encoding };
        found.set(text, tokens);
        if (unknown.get(text) && remembered.size < REMEMBERED) remembered.set(text, tokens);
      }
      return (text) => {
        const pieces = text.segments.map((): Int32Array[] => []);
        for (const stretch of cuts.get(text)!) share(stretch, found.get(stretch.text)!, pieces, text.scoredFrom);
        return pieces.map(joined);
      };
    },
  };
}

/** Whether a stretch is a special token, a content, or the one before the other. Text of a template may hold the secret of a special token. */
function isWordwise({ parts }: Stretch): boolean {
  const isContent = parts.at(-1)!.origin !== "control";
  return parts.length === 1 ? isContent || parts[0]!.isSpecial : parts.length === 2 && isContent && parts[0]!.isSpecial;
}

function contentOf({ parts }: Stretch): string {
  return parts.at(-1)!.isSpecial ? "" : parts.at(-1)!.text;
}

/** Texts up to which one by one is quicker: a batch passes through the library's own pool, which takes a third of a millisecond to wake. */
const FEW_TEXTS = 4;

/** Native workers do it, so the event loop stays free. */
async function encodeAll(tokenizer: Tokenizer, texts: string[]): Promise<Encoding[]> {
  if (texts.length === 0) return [];
  const options = { addSpecialTokens: false };
  return texts.length <= FEW_TEXTS
    ? Promise.all(texts.map((text) => tokenizer.encode(text, null, options)))
    : tokenizer.encodeBatch(texts, options);
}

function open(json: string): Tokenizer {
  try {
    const tokenizer = Tokenizer.fromString(json);
    tokenizer.disablePadding();
    tokenizer.disableTruncation();
    return tokenizer;
  } catch (cause) {
    throw invalidTokenizer(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/**
 * The library starts as many threads as the machine has cores, which would take them from the executors. A quarter of the
 * available cores keeps up with them. It reads the number once, at its first batch.
 */
function limitNativePool(): void {
  process.env.RAYON_NUM_THREADS ??= String(Math.max(1, Math.floor(availableCores() / 4)));
}
