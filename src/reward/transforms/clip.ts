import { z } from "zod";
import { SCORE_SPACES } from "../../domain/score-space.ts";
import type { TransformKind } from "../kinds.ts";

/**
 * Scores kept within bounds: u[i] = min(hi, max(lo, s[i])).
 *
 * @param scores shape [n]
 * @param bounds lo ≤ hi, the scores' unit
 * @returns numbers in [lo, hi], shape [n], same order
 * @complexity O(n), pure
 * @example clipTo(Float64Array.of(-3, 9), { lo: -1, hi: 1 })[1] // → 1
 */
export function clipTo(scores: Float64Array, { lo, hi }: { readonly lo: number; readonly hi: number }): Float64Array {
  return scores.map((score) => Math.min(hi, Math.max(lo, score)));
}

const params = z
  .strictObject({ lo: z.number().describe("Least score, in the scores' unit."), hi: z.number().describe("Greatest score, above lo.") })
  .describe("min(hi, max(lo, score)). The space stays the same.");

/** Clipping: an outlier cannot dominate an update. */
export const clip: TransformKind<typeof params> = {
  method: "clip",
  params,
  accepts: SCORE_SPACES,
  spaceOut: (spaceIn) => spaceIn,
  problems: ({ lo, hi }) => {
    if (lo < hi) return [];
    const cause = `lo is ${lo} and hi is ${hi}: every candidate would get the same score`;
    return [{ path: ["hi"], cause, remedy: "give hi a value above lo" }];
  },
  create: (bounds, { spaceIn, revision }) => ({
    name: "clip",
    spaceIn,
    spaceOut: spaceIn,
    revision,
    bounds,
    apply: (scores) => clipTo(scores, bounds),
  }),
};
