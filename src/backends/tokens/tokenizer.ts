import { type Encoding, Tokenizer } from "tokenizers";
import { z } from "zod";
import type { Segment } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { availableCores } from "../cores.ts";
import { type Special, type Stretch, stretcher } from "./stretches.ts";
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

/** The parts of a `tokenizer.json` that are looked at here. */
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
type TokenizerFile = z.output<typeof tokenizerFile>;

/** Names that vocabularies give to their padding token, when the file does not say which it is. */
const PAD_TOKENS = ["[PAD]", "<pad>", "<|pad|>", "<PAD>"];
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
  const file = parse(json);
  const original = open(json);
  const specials = secretsOf(file);
  const tokenizer = open(JSON.stringify(withSecrets(file, specials, original.getVocab(false))));
  const secrets = new Map(specials.map(({ content, secret }) => [content, secret]));
  for (const { content, special } of file.added_tokens) {
    if (special && !secrets.has(content)) continue;
    if (tokenizer.tokenToId(secrets.get(content) ?? content) !== original.tokenToId(content)) {
      throw invalid("its added tokens do not keep their ids when special tokens are put out of reach");
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
      if (found.has(stretch.text)) continue;
      if (isWordwise(stretch) && words.reads(contentOf(stretch))) read.set(stretch.text, stretch);
      else others.push(stretch);
    }
    const contents = await words.encode([...read.values()].map(contentOf));
    let index = 0;
    for (const [text, { parts }] of read) {
      const content = contents[index++]!;
      const [first] = parts;
      found.set(text, { ids: first!.isSpecial ? Int32Array.of(specialIds.get(first!.text)!, ...content) : content });
    }
    return others;
  };
  return {
    padId: padId(file, original),
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

/** What a stretch became. */
interface Tokens {
  /** Undefined for a content that only a special token can write. */
  readonly ids: Int32Array | undefined;
  /** Absent where no token can reach over a seam: behind at most one special token stands one part at most. */
  readonly encoding?: Encoding;
}

/** Whether a stretch is a special token, a content, or the one before the other. Text of a template may hold the secret of a special token. */
function isWordwise({ parts }: Stretch): boolean {
  const isContent = parts.at(-1)!.origin !== "control";
  return parts.length === 1 ? isContent || parts[0]!.isSpecial : parts.length === 2 && isContent && parts[0]!.isSpecial;
}

function contentOf({ parts }: Stretch): string {
  return parts.at(-1)!.isSpecial ? "" : parts.at(-1)!.text;
}

const EMPTY = new Int32Array(0);

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

/**
 * Gives the tokens of a stretch to the segments that their text is of. One that reaches over a seam goes with a segment that is scored, or
 * else with what a user wrote, or else with the segment that it starts in.
 */
function share({ parts }: Stretch, { ids, encoding }: Tokens, pieces: Int32Array[][], scoredFrom = Number.POSITIVE_INFINITY): void {
  if (ids === undefined) {
    throw new GatewayError("REQUEST_INVALID", "a text can only be written with a special token of the judge's vocabulary; reword it");
  }
  if (encoding === undefined) {
    const content = parts.length - 1;
    for (const [index, { segment }] of parts.entries()) pieces[segment]!.push(index < content ? ids.subarray(0, 1) : ids.subarray(content));
    return;
  }
  const lengths = parts.map(({ text, isSpecial }) => (isSpecial ? text.length : codePoints(text)));
  const firstScored = parts.findIndex(({ segment }) => segment >= scoredFrom);
  const before = lengths.slice(0, Math.max(0, firstScored)).reduce((sum, length) => sum + length, 0);
  const mostBefore = firstScored > 0 ? firstTokenAt(encoding, before) : ids.length;
  let from = 0;
  let characters = 0;
  for (const [index, { segment, origin, isSpecial }] of parts.entries()) {
    const next = parts[index + 1];
    characters += lengths[index]!;
    let to = ids.length;
    if (next !== undefined) {
      const yields = origin === "control" && next.origin !== "control";
      to = isSpecial ? from + 1 : Math.max(from, yields ? firstTokenAt(encoding, characters) : firstTokenFrom(encoding, characters));
    }
    if (index < firstScored) to = Math.min(to, mostBefore);
    pieces[segment]!.push(ids.subarray(from, to));
    from = to;
  }
}

/** Index of the first token that starts at or after a character, counted in code points. */
function firstTokenFrom(encoding: Encoding, character: number): number {
  const token = firstTokenAt(encoding, character);
  return encoding.charToToken(character - 1) === token ? token + 1 : token;
}

/** Index of the token that holds a character, or of the first behind it where the tokenizer left the character out. */
function firstTokenAt(encoding: Encoding, character: number): number {
  const token = encoding.charToToken(character);
  if (token !== null) return token;
  const index = encoding.getOffsets().findIndex(([start]) => start! >= character);
  return index < 0 ? encoding.getLength() : index;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function joined(pieces: readonly Int32Array[]): Int32Array {
  if (pieces.length < 2) return pieces[0] ?? EMPTY;
  const whole = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Tokens that stand for single bytes: text that has no other tokens is written with them. */
const BYTE = /^<0x[0-9A-F]{2}>$/;

function secretsOf(file: TokenizerFile): Special[] {
  return file.added_tokens
    .filter(({ special, content }) => special && !BYTE.test(content))
    .map(({ content, lstrip }) => ({ content, secret: crypto.randomUUID(), takesSpaceBefore: lstrip }));
}

/**
 * The file with each special token under its secret, which nobody can type, and with its id. That of the vocabulary changes too, with
 * the merges that lead to it, since such a merge makes `</s>` of `</` and `s>` in some of them.
 */
function withSecrets(file: TokenizerFile, specials: readonly Special[], vocabulary: Record<string, number>): TokenizerFile {
  const secrets = new Map(specials.map(({ content, secret }) => [content, secret]));
  const renamed = (token: string) => secrets.get(token) ?? token;
  const { vocab, merges, unk_token } = file.model;
  const model = {
    ...file.model,
    ...(unk_token && { unk_token: renamed(unk_token) }),
    vocab: Array.isArray(vocab)
      ? vocab.map(([token, score]) => [renamed(token), score] as const)
      : Object.fromEntries(Object.entries(vocab).map(([token, id]) => [renamed(token), id])),
    ...(merges && { merges: merges.filter((merge) => !leadsTo(secrets, merge)) }),
  };
  const added_tokens = file.added_tokens.flatMap((token) => {
    if (!token.special) return [token];
    if (secrets.has(token.content)) return [{ ...token, content: renamed(token.content), normalized: false }];
    return Object.hasOwn(vocabulary, token.content) ? [] : [token];
  });
  return { ...file, post_processor: null, added_tokens, model } as TokenizerFile;
}

function leadsTo(tokens: ReadonlyMap<string, string>, merge: string | readonly [string, string]): boolean {
  const parts = typeof merge === "string" ? merge.split(" ") : merge;
  return tokens.has(parts.join("")) || parts.some((part) => tokens.has(part));
}

/** Tells whether a text was written with a byte that the file lists among its special tokens, which no secret can stand for. */
function forbiddenBytes(file: TokenizerFile, original: Tokenizer): (ids: Int32Array) => boolean {
  const bytes = file.added_tokens.filter(({ special, content }) => special && BYTE.test(content));
  const forbidden = new Set(bytes.map(({ content }) => original.tokenToId(content)!));
  return (ids) => forbidden.size > 0 && ids.some((id) => forbidden.has(id));
}

function padId(file: TokenizerFile, control: Tokenizer): number {
  if (file.padding) return file.padding.pad_id;
  for (const token of PAD_TOKENS) {
    const id = control.tokenToId(token);
    if (id !== null) return id;
  }
  return 0;
}

function parse(json: string): TokenizerFile {
  try {
    return tokenizerFile.parse(JSON.parse(json));
  } catch (cause) {
    throw invalid("it does not have the form of a tokenizer.json", cause);
  }
}

function open(json: string): Tokenizer {
  try {
    const tokenizer = Tokenizer.fromString(json);
    tokenizer.disablePadding();
    tokenizer.disableTruncation();
    return tokenizer;
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function invalid(problem: string, cause?: unknown): GatewayError {
  return new GatewayError("CONFIG_INVALID", `the tokenizer is not usable: ${problem}; put the tokenizer.json of the model in its place`, {
    cause,
  });
}

/**
 * The library starts as many threads as the machine has cores, which would take them from the executors. A quarter of the
 * available cores keeps up with them. It reads the number once, at its first batch.
 */
function limitNativePool(): void {
  process.env.RAYON_NUM_THREADS ??= String(Math.max(1, Math.floor(availableCores() / 4)));
}
