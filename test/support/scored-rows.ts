import type { Labels } from "../../src/evaluation/labels.ts";
import type { Provenance } from "../../src/evaluation/report/report.ts";
import type { Scored, ScoredRow, Scorer } from "../../src/evaluation/report/rows.ts";
import type { Optional } from "../../src/reward/missing.ts";

/** A row with one scorer's scores, or several: shape [scorers][candidates]. */
export function scoredRow(
  labels: Labels,
  scores: readonly Optional[] | readonly (readonly Optional[])[],
  more: Partial<ScoredRow> = {},
): ScoredRow {
  const columns = (Array.isArray(scores[0]) ? scores : [scores]) as readonly (readonly Optional[])[];
  const id = more.id ?? `row-${count++}`;
  return {
    id,
    file: "pairs.jsonl",
    subset: undefined,
    language: undefined,
    prompt: id,
    labels,
    lengths: columns[0]!.map((_, i) => 10 * (i + 1)),
    scores: columns,
    ...more,
  };
}
let count = 0;

/** A pair: scores of the chosen and of the rejected candidate. */
export function scoredPair(chosen: Optional, rejected: Optional, more: Partial<ScoredRow> = {}): ScoredRow {
  return scoredRow({ type: "pair" }, [chosen, rejected], more);
}

/** Scorers by name, in log-odds: the first is the panel, a name with a slash is an objective. */
export function scorersCalled(...names: readonly string[]): Scorer[] {
  return names.map((name, i) => {
    const role = i === 0 ? "panel" : name.includes("/") ? "objective" : "member";
    return { name, role, space: role === "objective" ? "native" : "logit", revision: `revision-of-${name}` };
  });
}

/** Rows scored by one panel. */
export function scoredByPanel(rows: readonly ScoredRow[]): Scored {
  return { scorers: scorersCalled("chat"), rows };
}

/** A well-mixed number in [0, 1) for each index, the same in every run. */
export function mixed(index: number, stream = 0): number {
  let x = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
}

export const PROVENANCE: Provenance = {
  created: "2026-01-02T03:04:05.000Z",
  version: "0.1.0",
  complete: true,
  panel: { name: "chat", description: "A panel of a test.", revision: "abc", aggregation: "weightedSum", space: "logit", members: [] },
  files: [{ name: "pairs.jsonl", records: 3, sha256: null }],
  lengthUnit: "tokens",
  counts: { records: 3, candidates: 6, unlabelled: 0, failed: [], reasons: [], tokens: 60, seconds: 2 },
};
