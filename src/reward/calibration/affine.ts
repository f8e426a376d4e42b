import { z } from "zod";
import type { CalibrationKind } from "../kinds.ts";

const params = z
  .strictObject({
    slope: z.number().positive().describe("Calibrated units per raw unit; above 0, so that order is kept."),
    intercept: z.number().default(0).describe("Calibrated score of a raw score of 0."),
  })
  .describe("slope × raw + intercept. A temperature T is slope 1/T.");

/**
 * Affine calibration: s = slope · r + intercept. A temperature T is slope 1/T.
 * Fitted by least squares on ratings, or by maximum likelihood on the margins of preference pairs.
 */
export const affine: CalibrationKind<typeof params> = {
  method: "affine",
  params,
  accepts: "any",
  // No bounds, so neither probabilities nor units.
  gives: ["logit", "native"],
  spaceOut: (spaceIn) => (spaceIn === "logit" ? "logit" : "native"),
  problems: () => [],
  create: ({ slope, intercept }, spec) => ({ method: "affine", ...spec, apply: (score) => slope * score + intercept }),
};
