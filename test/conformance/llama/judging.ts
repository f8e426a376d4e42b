import assert from "node:assert/strict";

/** What one judge said of a candidate. */
export interface Part {
  readonly judge: string;
  readonly outcome: string;
  readonly raw?: number;
  readonly weight: number;
  readonly findings?: readonly { readonly name: string; readonly value?: number }[];
  readonly error?: { readonly reason: string };
}

/** What a panel said of a candidate. */
export interface Candidate {
  readonly status: string;
  readonly reward?: number;
  readonly judges: readonly Part[];
}

/** A labelled pair of responses. */
export interface Pair {
  readonly prompt: readonly object[];
  readonly chosen: string;
  readonly rejected: string;
}

/** What a judge said of a pair of responses, the better one first. */
export interface JudgedPair {
  readonly parts: readonly Pick<Part, "outcome" | "raw" | "error">[];
  /** Whether the judge named the same one in both orders of the pair; absent where it sees one response alone, or did not name one. */
  readonly consistent?: boolean;
}

/** Scores one group; fails unless the gateway answers for each candidate. */
export async function score(http: string, panel: string, item: { prompt: unknown; texts: readonly string[] }) {
  const { texts, ...rest } = item;
  const began = performance.now();
  const response = await fetch(`${http}/v1/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      panel,
      items: [{ ...rest, candidates: texts.map((content) => ({ content })) }],
      options: { cache: "bypass", detail: "full" },
    }),
  });
  const body = (await response.json()) as { results?: { candidates: Candidate[] }[] };
  assert.equal(response.status, 200, JSON.stringify(body));
  const candidates = body.results![0]!.candidates;
  assert.equal(candidates.length, texts.length);
  return { candidates, seconds: (performance.now() - began) / 1000 };
}

/**
 * What a judge says of a pair; a listwise one is shown it in both orders, and the first counts.
 *
 * @param swapped whether the better response stands second, so that a liking for a place earns nothing over many pairs
 */
export async function judgePair(http: string, panel: string, { prompt, chosen, rejected }: Pair, swapped: boolean): Promise<JudgedPair> {
  const ask = async (turned: boolean) => {
    const { candidates } = await score(http, panel, { prompt, texts: turned ? [rejected, chosen] : [chosen, rejected] });
    const parts = candidates.map(({ judges }) => judges[0]!);
    for (const { outcome, raw } of parts) assert.equal(outcome === "scored", raw !== undefined, "a number without a score");
    return turned ? parts.reverse() : parts;
  };
  if (panel !== "listwise") {
    const parts = await ask(swapped);
    const consistency = parts[0]!.findings?.find((finding) => finding.name === "consistency")?.value;
    return { parts, ...(consistency !== undefined && { consistent: consistency === 1 }) };
  }
  const [first, second] = await Promise.all([ask(swapped), ask(!swapped)]);
  const [a, b, c, d] = [...first, ...second].map(({ raw }) => raw);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return { parts: first };
  if (a === b && c === d) return { parts: first }; // no order was told in either
  return { parts: first, consistent: Math.sign(a - b) === Math.sign(c - d) };
}
