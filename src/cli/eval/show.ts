import type { EvalReport } from "../../evaluation/report/report.ts";
import { decimal, textTable } from "../text-table.ts";

/** Failed ids that are listed; the report holds all of them. */
const LISTED = 20;

/** A report in a few lines for a terminal. */
export function showEvaluation(report: EvalReport): string {
  const { panel, counts, files } = report;
  const rate = counts.seconds > 0 ? (counts.candidates / counts.seconds).toFixed(1) : "-";
  const names = files.map(({ name }) => name).join(", ");
  const parts = [
    `${panel.name} on ${names}: ${counts.candidates} candidates of ${counts.records} records in ${counts.seconds.toFixed(1)} s, ${rate}/s`,
  ];
  if (report.accuracy.length > 0) parts.push(accuracyTable(report));
  if (report.correlations.length > 0) parts.push(correlationTable(report));
  if (counts.failed.length > 0) {
    const more = counts.failed.length > LISTED ? `, and ${counts.failed.length - LISTED} more` : "";
    const why = counts.reasons.map(({ reason, records, example }) => `\n  ${records} × ${reason}: ${example}`).join("");
    parts.push(`failed  ${counts.failed.length} records: ${counts.failed.slice(0, LISTED).join(", ")}${more}${why}`);
  }
  if (!report.complete) parts.push("interrupted: the report is on what was scored until then");
  return parts.join("\n\n");
}

function accuracyTable({ accuracy, calibration, scorers }: EvalReport): string {
  const rows = accuracy
    .filter(({ scorer }) => scorers.find(({ name }) => name === scorer)?.role !== "objective")
    .map(({ scorer, all }) => [
      scorer,
      decimal(all.accuracy),
      `${decimal(all.low)} to ${decimal(all.high)}`,
      String(all.n),
      decimal(calibration.find((own) => own.scorer === scorer)?.ece),
    ]);
  return textTable(["scorer", "accuracy", "95 %", "comparisons", "ECE"], rows);
}

function correlationTable({ correlations, scorers }: EvalReport): string {
  const rows = correlations
    .filter(({ scorer }) => scorers.find(({ name }) => name === scorer)?.role !== "objective")
    .map(({ scorer, rating, n, spearman, withinPrompt }) => [
      rating,
      scorer,
      String(n),
      decimal(spearman.value ?? undefined),
      decimal(withinPrompt?.spearman.value ?? undefined),
    ]);
  return textTable(["rating", "scorer", "n", "Spearman", "within prompts"], rows);
}
