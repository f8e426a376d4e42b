/** What a constraint judge found: 1 satisfied, 0 violated, −1 it could not tell. */
export type ConstraintVerdict = 1 | 0 | -1;

/** Which of a violation and an error speaks for the whole when both occur. */
export type Dominance =
  /** A proven violation stays one even when another judge failed. */
  | "violation"
  /** One judge that could not tell makes the whole untold. */
  | "error";

/**
 * Joins the verdicts of several constraint judges: 1 only when all are 1.
 *
 * @param verdicts  shape [J]; without any, the constraints hold
 * @param dominates what wins when there are both violations and errors
 * @complexity O(J), pure
 * @see Xu et al. 2024, The Perfect Blend: Redefining RLHF with Mixture of Judges, arXiv:2409.20370
 * @example allTrue([0, -1, 1], "violation") // → 0
 */
export function allTrue(verdicts: readonly ConstraintVerdict[], dominates: Dominance): ConstraintVerdict {
  const violated = verdicts.includes(0);
  const untold = verdicts.includes(-1);
  if (violated && (dominates === "violation" || !untold)) return 0;
  return untold ? -1 : 1;
}
