import { hash } from "node:crypto";
import type { PreparedCall, SharedPrefix } from "../../domain/backend.ts";
import type { Sequence } from "./assemble.ts";

/** Texts in the order of their rows. */
export interface RowPlan {
  /** Indices into the batch, each once. */
  readonly order: readonly number[];
  /** For each place of `order`: how many tokens the text shares with the row that it joins; 0 where it starts one. */
  readonly joins: Int32Array;
}

/**
 * Lays the texts of a batch into rows. Texts with the same prefix go behind one another into a row that holds the prefix once, as many
 * as fit; any other text is a row of its own.
 *
 * @param batch prepared calls; equal keys mean prefixes that are equal token by token
 * @complexity O(texts), pure
 * @example with texts of 10 + 5, 10 + 5 and 10 + 5 tokens, a prefix of 10, and rows of at most 20: two rows, of 20 and of 15 tokens
 */
export function planRows(batch: readonly PreparedCall[]): RowPlan {
  const rows: { readonly texts: number[]; tokens: number; readonly prefix: number }[] = [];
  const open = new Map<string, (typeof rows)[number]>();
  for (const [index, { tokens, prefix }] of batch.entries()) {
    const row = prefix && open.get(prefix.key);
    if (row !== undefined && row.tokens + tokens - row.prefix <= prefix!.rowTokens) {
      row.texts.push(index);
      row.tokens += tokens - row.prefix;
      continue;
    }
    const started = { texts: [index], tokens, prefix: prefix?.tokens ?? 0 };
    rows.push(started);
    if (prefix !== undefined) open.set(prefix.key, started);
  }
  return {
    order: rows.flatMap(({ texts }) => texts),
    joins: Int32Array.from(rows.flatMap(({ texts, prefix }) => texts.map((_, place) => (place === 0 ? 0 : prefix)))),
  };
}

/** Length of a row at which attention, which costs its square, takes as long as all the rest: between those of small and of large models. */
const ATTENTION_TOKENS = 4096;

/**
 * What a text shares with other candidates of the same prompt: its tokens before the candidate, and never a part of one.
 *
 * A row of n candidates of R tokens behind P costs P + nR plus (P + nR)² ÷ {@link ATTENTION_TOKENS}, and least for each of them where nR
 * is √(P · ({@link ATTENTION_TOKENS} + P)). Rows end there; beyond it a further row is cheaper although it reads the prefix again. Nor is a
 * row longer than a text may be, so that it takes no more memory than the longest text.
 *
 * @param maxTokens most tokens of a text
 * @returns undefined where a second candidate of this length would not fit
 */
export function prefixOf({ ids, candidateStart }: Sequence, maxTokens: number): SharedPrefix | undefined {
  const own = ids.length - candidateStart;
  const rowTokens = Math.min(maxTokens, Math.floor(candidateStart + Math.sqrt(candidateStart * (ATTENTION_TOKENS + candidateStart))));
  if (candidateStart === 0 || ids.length + own > rowTokens) return undefined;
  const { buffer, byteOffset, byteLength } = ids.subarray(0, candidateStart);
  return { key: hash("sha256", new Uint8Array(buffer, byteOffset, byteLength), "base64"), tokens: candidateStart, rowTokens };
}
