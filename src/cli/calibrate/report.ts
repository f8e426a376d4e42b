import type { CalibrationQuality, Figure } from "../../evaluation/calibration-quality.ts";
import { textTable } from "../text-table.ts";
import type { CalibrationDocument } from "./document.ts";

const MEASURES: Readonly<Record<string, string>> = {
  nll: "NLL",
  ece: "ECE",
  adaptiveEce: "adaptive ECE",
  brier: "Brier",
  accuracy: "accuracy",
  rmse: "RMSE",
  calibrationError: "calibration error",
};

/** The end of a run as text: what was fitted on what, and the figures on the part that was held out. */
export function showCalibration(document: CalibrationDocument, quality: CalibrationQuality, notes: readonly string[]): string {
  const { fittedOn, params, method, spaceIn, spaceOut } = document;
  const { judge, data, labels, prompts, n, unit, split } = fittedOn;
  const rows = quality.measures.map(({ measure, before, after, change }) => [
    MEASURES[measure]!,
    figure(before),
    figure(after),
    figure(change, true),
  ]);
  const items = labels === "pairs" ? "pairs" : "candidates";
  const lines = [
    `calibration ${method}${short(params)} of judge ${judge}, ${spaceIn} to ${spaceOut}`,
    `fitted on   ${n} ${unit} of ${prompts} prompts of ${data.name}`,
    `held out    ${quality.n} ${items} in ${quality.groups} groups of prompts: ${describeSplit(split)}`,
    "",
    textTable(["held out", "before", "after", "change"], rows),
    "",
    "Brackets hold intervals of 95 %.",
  ];
  if (quality.eceFloor !== undefined) {
    lines.push(`By chance alone, probabilities that are exactly right show an ECE of ${quality.eceFloor.toFixed(4)} on as many ${items}.`);
  }
  return [...lines, ...notes.map((note) => `note: ${note}`)].join("\n");
}

/** One-line parameters; lists are in the file. */
function short(params: Readonly<Record<string, unknown>>): string {
  const numbers = Object.entries(params).filter(([, value]) => typeof value === "number");
  return numbers.length === 0
    ? ""
    : ` (${numbers.map(([name, value]) => `${name} ${Number((value as number).toPrecision(4))}`).join(", ")})`;
}

function describeSplit(split: CalibrationDocument["fittedOn"]["split"]): string {
  if ("folds" in split) return `each prompt once, in ${split.folds} folds, seed ${split.seed}`;
  return "heldOutData" in split ? `those of ${split.heldOutData.name}` : `a share of ${split.heldOut}, seed ${split.seed}`;
}

function figure({ value, low, high }: Figure, signed = false): string {
  const text = (x: number) => `${signed && x > 0 ? "+" : ""}${x.toFixed(4)}`;
  return `${text(value)} [${text(low)}, ${text(high)}]`;
}
