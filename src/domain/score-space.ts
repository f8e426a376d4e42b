/**
 * What a number means. Calibrations and transforms declare `spaceIn → spaceOut`; an aggregation declares what it accepts.
 * A panel that mixes spaces is refused when the configuration loads.
 *
 * - `logit`: unbounded Bradley–Terry log-odds
 * - `probability`: calibrated probability in (0, 1)
 * - `unit`: [0, 1], not a probability
 * - `logProbability`: ≤ 0
 * - `native`: the judge's own rating scale
 * - `rank`: position within the group
 * - `advantage`: centred within a group
 */
export const SCORE_SPACES = ["logit", "probability", "unit", "logProbability", "native", "rank", "advantage"] as const;
export type ScoreSpace = (typeof SCORE_SPACES)[number];

/** Between what a number may lie; both ends belong to it. */
export interface Bounds {
  readonly lo: number;
  readonly hi: number;
}

/** What every score of a space lies between; undefined of a space without two ends. */
export function boundsOf(space: ScoreSpace): Bounds | undefined {
  return space === "probability" || space === "unit" ? { lo: 0, hi: 1 } : undefined;
}

/** Whether a number can be a score of the space. */
export function isIn(space: ScoreSpace, value: number): boolean {
  const bounds = boundsOf(space);
  if (bounds !== undefined) return value >= bounds.lo && value <= bounds.hi;
  return space !== "logProbability" || value <= 0;
}

/** How far a score may move when the same item is scored again beside other items. */
export type Determinism =
  | { readonly class: "bitwise" }
  | { readonly class: "tolerance"; readonly bound: number }
  | { readonly class: "none" };

/** The determinism class as shown to users: `bitwise`, `tolerance(1e-5)`, `none`. */
export function describeDeterminism(determinism: Determinism): string {
  return determinism.class === "tolerance" ? `tolerance(${determinism.bound.toExponential().replace(".0", "")})` : determinism.class;
}
