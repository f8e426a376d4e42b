import type { CalibrationFile } from "../../config/bundle-schema.ts";
import type { CalibrationTarget, FittedCalibration } from "../../evaluation/calibration-fit.ts";
import type { CalibrationQuality, Figure } from "../../evaluation/calibration-quality.ts";
import { VERSION } from "../../version.ts";

/** A data file by name and content; its folder is nobody's business. */
export interface DataFile {
  readonly name: string;
  readonly sha256: string;
}

/** How the part that the figures are from was set apart. */
export type Split =
  /** Each prompt once, by a map that was fitted on the other folds; the map that is written was fitted on all. */
  | { readonly by: "first user turn"; readonly folds: number; readonly seed: number }
  | { readonly by: "first user turn"; readonly heldOut: number; readonly seed: number }
  | { readonly heldOutData: DataFile; readonly seed: number };

/** Where a calibration comes from. */
export interface Provenance {
  /** Name and revision in the configuration. */
  readonly judge: string;
  readonly judgeRevision: string;
  readonly data: DataFile;
  /** Judge whose scale is the aim, of a quantile map. */
  readonly onto?: { readonly judge: string; readonly judgeRevision: string };
  readonly labels: CalibrationTarget["labels"];
  readonly goodFrom?: number;
  readonly dimension?: string;
  readonly records: number;
  readonly prompts: number;
  readonly n: number;
  /** What n counts. */
  readonly unit: FittedCalibration["unit"];
  readonly split: Split;
  /** ISO 8601 date. */
  readonly date: string;
  readonly rewardgate: string;
}

/** A calibration file as this command writes it: what a panel reads, and what people want to know of it. */
export type CalibrationDocument = CalibrationFile & { readonly fittedOn: Provenance };

/** The document of a fit. Deterministic: equal arguments give equal bytes. */
export function toDocument(
  { method, params, spaceIn, spaceOut, n, unit }: FittedCalibration,
  quality: CalibrationQuality,
  made: Omit<Provenance, "n" | "unit" | "rewardgate"> & { readonly graphSha256: string; readonly bundleJudge: string },
): CalibrationDocument {
  const { graphSha256, bundleJudge, date, ...provenance } = made;
  const side = (of: (measure: CalibrationQuality["measures"][number]) => Figure) =>
    Object.fromEntries(quality.measures.map((measure) => [measure.measure, rounded(of(measure))]));
  return {
    apiVersion: "rewardgate/v1",
    method,
    params,
    spaceIn,
    spaceOut,
    graphSha256,
    judge: bundleJudge,
    fittedOn: { ...provenance, n, unit, date, rewardgate: VERSION },
    metrics: {
      heldOut: { n: quality.n, groups: quality.groups },
      before: side(({ before }) => before),
      after: side(({ after }) => after),
      change: side(({ change }) => change),
      ...(quality.eceFloor !== undefined && { eceFloor: round(quality.eceFloor) }),
    },
  };
}

function rounded({ value, low, high }: Figure): Figure {
  return { value: round(value), low: round(low), high: round(high) };
}

/** Six decimals: more would speak of the sample, not of the judge. */
function round(value: number): number {
  return Number(value.toFixed(6));
}
