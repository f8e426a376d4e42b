import type { PreparedCall } from "../../domain/backend.ts";

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
 * @param batch        prepared calls; equal keys mean prefixes that are equal token by token
 * @param maxRowTokens most tokens of a row that several texts share; undefined: every text is a row
 * @complexity O(texts), pure
 * @example with texts of 10 + 5, 10 + 5 and 10 + 5 tokens, a prefix of 10, and rows of at most 20: two rows, of 20 and of 15 tokens
 */
export function planRows(batch: readonly PreparedCall[], maxRowTokens: number | undefined): RowPlan {
  const rows: { readonly texts: number[]; tokens: number; readonly prefix: number }[] = [];
  const open = new Map<string, (typeof rows)[number]>();
  for (const [index, { tokens, prefix }] of batch.entries()) {
    const row = prefix && open.get(prefix.key);
    if (row !== undefined && row.tokens + tokens - row.prefix <= maxRowTokens!) {
      row.texts.push(index);
      row.tokens += tokens - row.prefix;
      continue;
    }
    const started = { texts: [index], tokens, prefix: prefix?.tokens ?? 0 };
    rows.push(started);
    if (prefix !== undefined && maxRowTokens !== undefined) open.set(prefix.key, started);
  }
  return {
    order: rows.flatMap(({ texts }) => texts),
    joins: Int32Array.from(rows.flatMap(({ texts, prefix }) => texts.map((_, place) => (place === 0 ? 0 : prefix)))),
  };
}
