import type { CompareReport } from "../../evaluation/report/comparison.ts";
import { decimal, textTable } from "../text-table.ts";

/** A comparison in a few lines for a terminal. */
export function showComparison({ a, b, rows, scorers, complete }: CompareReport): string {
  const parts = [
    `A  ${a.panel.name} of ${a.config}, revision ${a.panel.revision.slice(0, 12)}\nB  ${b.panel.name} of ${b.config}, revision ${b.panel.revision.slice(0, 12)}\n${rows} labelled records`,
  ];
  const judges = scorers.filter(({ role }) => role !== "objective");
  const judged = judges.flatMap(({ scorer, accuracy }) => (accuracy === null ? [] : [{ scorer, ...accuracy.all }]));
  if (judged.length > 0) {
    const cells = judged.map((row) => [
      row.scorer,
      decimal(row.a),
      decimal(row.b),
      decimal(row.difference),
      `${decimal(row.low)} to ${decimal(row.high)}`,
      decimal(row.p),
      row.verdict.replaceAll("-", " "),
    ]);
    parts.push(textTable(["accuracy", "A", "B", "B - A", "95 %", "p", "verdict"], cells));
  }
  const moved = judges.map((row) => [
    row.scorer,
    String(row.n),
    decimal(row.change.mean),
    decimal(row.change.largest),
    decimal(row.spearman ?? undefined),
    decimal(row.starc ?? undefined),
    decimal(row.epic ?? undefined),
  ]);
  parts.push(textTable(["score", "n", "mean change", "largest", "Spearman", "STARC", "EPIC"], moved));
  if (!complete) parts.push("interrupted: the report is on what both sides scored until then");
  return parts.join("\n\n");
}
