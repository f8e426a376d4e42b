import type { CandidateResult, Failure, JudgePart, ScoreResult } from "../../domain/score.ts";
import { decimal, textTable } from "../text-table.ts";

/** Characters of a candidate that are shown. */
const SHOWN = 72;

/**
 * An answer for people: rewards first, then what each judge added to each.
 *
 * @param texts the candidates, in the order of the answer
 */
export function showScores(result: ScoreResult, texts: readonly string[]): string {
  const candidates = result.results[0]!.candidates;
  const { totalMs } = result.timing;
  const { tokens } = result.usage;
  const head = `panel ${result.panel}, revision ${result.panelRevision.slice(0, 12)}, ${tokens} tokens in ${totalMs.toFixed(1)} ms`;
  const overview = candidates.map(({ status, reward }, i) => [String(i + 1), decimal(reward), status, shorten(texts[i]!)]);
  const parts = candidates.map((candidate, i) => showCandidate(candidate, i + 1));
  return [head, "", textTable(["#", "reward", "status", "candidate"], overview), "", parts.join("\n\n")].join("\n");
}

function showCandidate({ judges, failure }: CandidateResult, number: number): string {
  const rows = judges.map((part) => [
    part.judge,
    part.imputed ? "imputed" : part.outcome,
    decimal(part.raw),
    decimal(part.calibrated),
    decimal(part.transformed),
    decimal(part.weight),
    decimal(part.contribution),
  ]);
  const header = [`#${number} judge`, "outcome", "raw", "calibrated", "transformed", "weight", "contribution"];
  const notes = judges.flatMap((part) => notesOn(part, failure));
  if (failure) notes.unshift(`failed: ${failure.reason}: ${failure.message}`);
  const objectives = judges.filter(({ objectives }) => objectives !== undefined).map(showObjectives);
  return [textTable(header, rows), ...notes.map((note) => `   ${note}`), ...objectives].join("\n");
}

/** What a reader should know of a part, unless the candidate's own failure says it already. */
function notesOn({ judge, truncated, failure, critique, findings = [] }: JudgePart, whole: Failure | undefined): string[] {
  const notes: string[] = [];
  if (truncated) notes.push(`${judge} did not read ${truncated.droppedTokens} tokens (${truncated.side.replace("_", " ")})`);
  if (failure && whole?.message.endsWith(failure.message) !== true) notes.push(`${judge}: ${failure.reason}: ${failure.message}`);
  if (critique !== undefined) notes.push(`${judge}: ${shorten(critique)}`);
  for (const { name, value, text } of findings) {
    notes.push(`${judge}: ${name}${value === undefined ? "" : ` ${decimal(value)}`}${text === undefined ? "" : `: ${shorten(text)}`}`);
  }
  return notes;
}

function showObjectives({ judge, objectives = {}, gating = {}, objectiveContributions = {} }: JudgePart): string {
  const rows = Object.entries(objectives).map(([name, value]) => [
    name,
    decimal(value),
    decimal(gating[name]),
    decimal(objectiveContributions[name]),
  ]);
  return textTable([judge, "value", "gating", "adds"], rows).replace(/^/gm, "   ");
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN - 1)}…` : line;
}
