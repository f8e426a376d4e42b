import type { Tokenizer } from "tokenizers";
import type { Special } from "./stretches.ts";
import type { TokenizerFile } from "./tokenizer-file.ts";

/** Tokens that stand for single bytes: text that has no other tokens is written with them, so no secret takes their place. */
export const BYTE = /^<0x[0-9A-F]{2}>$/;

/** The special tokens of a file, each with a new secret. */
export function secretsOf(file: TokenizerFile): Special[] {
  return file.added_tokens
    .filter(({ special, content }) => special && !BYTE.test(content))
    .map(({ content, lstrip }) => ({ content, secret: crypto.randomUUID(), takesSpaceBefore: lstrip }));
}

/**
 * The file with each special token under its secret, which nobody can type, and with its id. That of the vocabulary changes too, with
 * the merges that lead to it, since such a merge makes `</s>` of `</` and `s>` in some of them.
 */
export function withSecrets(file: TokenizerFile, specials: readonly Special[], vocabulary: Record<string, number>): TokenizerFile {
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
export function forbiddenBytes(file: TokenizerFile, original: Tokenizer): (ids: Int32Array) => boolean {
  const bytes = file.added_tokens.filter(({ special, content }) => special && BYTE.test(content));
  const forbidden = new Set(bytes.map(({ content }) => original.tokenToId(content)!));
  return (ids) => forbidden.size > 0 && ids.some((id) => forbidden.has(id));
}
