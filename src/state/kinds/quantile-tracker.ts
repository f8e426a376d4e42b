import { z } from "zod";
import { riskQuantiles, trackQuantiles } from "../../reward/group/risk-signal.ts";
import type { StateKind } from "./kind.ts";

const params = z
  .strictObject({
    alpha: z.number().gt(0).lt(1).default(0.2).describe("Level of the lower quantile, in (0, 1). Default 0.2."),
    beta: z.number().gt(0).lt(1).default(0.8).describe("Level of the upper quantile, in (alpha, 1). Default 0.8."),
    share: z.number().gt(0).max(1).describe("Weight of a new batch against what was tracked, in (0, 1]; the first batch counts in full."),
  })
  .describe("Two quantiles that follow the scores of bundles of questions; a step reports `bundleScores`.");

const value = z.object({
  quantiles: z
    .object({ down: z.number(), up: z.number() })
    .refine(({ down, up }) => down <= up)
    .optional(),
});

/** Exponentially mixed quantiles of one stream of bundles. */
export const quantileTracker: StateKind<"quantileTracker", typeof params, "bundleScores"> = {
  kind: "quantileTracker",
  params,
  reads: "bundleScores",
  problems: ({ alpha, beta }) => (alpha < beta ? [] : [{ path: ["beta"], cause: `${beta} is not above alpha, ${alpha}` }]),
  judges: () => [],
  value,
  covered: () => [],
  initial: () => ({}),
  step: ({ quantiles }, scores, levels) => ({ quantiles: trackQuantiles(quantiles, riskQuantiles(scores, levels), levels.share) }),
};
