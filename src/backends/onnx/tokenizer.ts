import { Tokenizer } from "tokenizers";
import { z } from "zod";
import type { ForwardCall, Segment } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { availableCores } from "./cores.ts";

/** Token ids of texts, with the line between a template's text and what users wrote kept. */
export interface SegmentTokenizer {
  /** Id that fills a batch up to its longest text. */
  readonly padId: number;
  /**
   * Encodes every distinct text of the calls in one native call, off the main thread.
   *
   * @returns the ids of any segment of those calls; it throws GatewayError REQUEST_INVALID for a content that the
   *   vocabulary can only write with a special token
   */
  encode(calls: readonly ForwardCall[]): Promise<(segment: Segment) => Int32Array>;
}

/** The parts of a `tokenizer.json` that are looked at here. */
const tokenizerFile = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string(), special: z.boolean() })).default([]),
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
/** Texts of templates that are remembered: a template has a handful. */
const REMEMBERED_CONTROLS = 1024;

/**
 * Opens a `tokenizer.json`. Control text is read with its special tokens. Content is read by a second tokenizer that does not
 * know them, so a `[SEP]` that a user typed stays the characters `[`, `SEP`, `]`, or unknown text where the vocabulary has no such characters.
 *
 * @throws {GatewayError} CONFIG_INVALID when the file is not a tokenizer, or cannot be read without its special tokens
 */
export function createSegmentTokenizer(json: string): SegmentTokenizer {
  limitNativePool();
  const file = parse(json);
  const control = open(json);
  const content = open(JSON.stringify(withoutSpecialTokens(file, control.getVocab(false))));
  for (const token of file.added_tokens) {
    if (!token.special && content.tokenToId(token.content) !== control.tokenToId(token.content)) {
      throw invalid("its added tokens do not keep their ids when special tokens are left out");
    }
  }
  const isForged = forgeryTest(file, control);
  const remembered = new Map<string, Int32Array>();
  return {
    padId: padId(file, control),
    async encode(calls) {
      const controls = new Map<string, Int32Array>();
      const contents = new Map<string, Int32Array | undefined>();
      const unknown: string[] = [];
      for (const call of calls) {
        for (const { origin, text } of call.segments) {
          if (origin !== "control") contents.set(text, undefined);
          else if (!controls.has(text)) {
            const ids = remembered.get(text);
            controls.set(text, ids ?? EMPTY);
            if (ids === undefined) unknown.push(text);
          }
        }
      }
      if (unknown.length > 0) {
        for (const [index, ids] of (await encodeAll(control, unknown)).entries()) {
          controls.set(unknown[index]!, ids);
          if (remembered.size < REMEMBERED_CONTROLS) remembered.set(unknown[index]!, ids);
        }
      }
      const texts = [...contents.keys()];
      for (const [index, ids] of (await encodeAll(content, texts)).entries()) contents.set(texts[index]!, isForged(ids) ? undefined : ids);
      return ({ origin, text }) => {
        const ids = (origin === "control" ? controls : contents).get(text);
        if (ids === undefined) {
          throw new GatewayError("REQUEST_INVALID", "a text can only be written with a special token of the judge's vocabulary; reword it");
        }
        return ids;
      };
    },
  };
}

const EMPTY = new Int32Array(0);

/** Texts up to which one by one is quicker: a batch passes through the library's own pool, which takes a third of a millisecond to wake. */
const FEW_TEXTS = 4;

/** Native workers do it, so the event loop stays free. */
async function encodeAll(tokenizer: Tokenizer, texts: string[]): Promise<Int32Array[]> {
  if (texts.length === 0) return [];
  const options = { addSpecialTokens: false };
  const encodings =
    texts.length <= FEW_TEXTS
      ? await Promise.all(texts.map((text) => tokenizer.encode(text, null, options)))
      : await tokenizer.encodeBatch(texts, options);
  return encodings.map((encoding) => Int32Array.from(encoding.getIds()));
}

/**
 * The file with its special tokens out of reach: each gets a content that nobody can type, and keeps its id. That of the vocabulary
 * changes too, with the merges that lead to it, since such a merge makes `</s>` of `</` and `s>` in some of them.
 */
function withoutSpecialTokens(file: TokenizerFile, vocabulary: Record<string, number>): TokenizerFile {
  const unknown = file.model.unk_token ?? (Array.isArray(file.model.vocab) ? file.model.vocab[file.model.unk_id ?? -1]?.[0] : undefined);
  const untypable = new Map(
    file.added_tokens
      .filter(({ special, content }) => special && content !== unknown && !BYTE.test(content))
      .map(({ content }) => [content, crypto.randomUUID()]),
  );
  const renamed = (token: string) => untypable.get(token) ?? token;
  const { vocab, merges } = file.model;
  const model = {
    ...file.model,
    vocab: Array.isArray(vocab)
      ? vocab.map(([token, score]) => [renamed(token), score] as const)
      : Object.fromEntries(Object.entries(vocab).map(([token, id]) => [renamed(token), id])),
    ...(merges && { merges: merges.filter((merge) => !leadsTo(untypable, merge)) }),
  };
  const added_tokens = file.added_tokens.flatMap((token) => {
    if (!token.special) return [token];
    return Object.hasOwn(vocabulary, token.content) ? [] : [{ ...token, content: renamed(token.content) }];
  });
  return { ...file, added_tokens, model } as TokenizerFile;
}

/** Tokens that stand for single bytes: text that has no other tokens is written with them. */
const BYTE = /^<0x[0-9A-F]{2}>$/;

function leadsTo(tokens: ReadonlyMap<string, string>, merge: string | readonly [string, string]): boolean {
  const parts = typeof merge === "string" ? merge.split(" ") : merge;
  return tokens.has(parts.join("")) || parts.some((part) => tokens.has(part));
}

/** Tells whether ids of a content hold a special token other than the one for unknown text. */
function forgeryTest(file: TokenizerFile, control: Tokenizer): (ids: Int32Array) => boolean {
  const unknown = file.model.unk_id ?? (file.model.unk_token ? control.tokenToId(file.model.unk_token) : null);
  const special = file.added_tokens.filter((token) => token.special).map((token) => control.tokenToId(token.content)!);
  const isSpecial = new Uint8Array(Math.max(0, ...special) + 1);
  for (const id of special) if (id !== unknown) isSpecial[id] = 1;
  return (ids) => {
    for (const id of ids) if (isSpecial[id] === 1) return true;
    return false;
  };
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
