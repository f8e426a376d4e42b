import { GatewayError } from "../../domain/errors.ts";
import type { Optional } from "../../reward/missing.ts";
import { sum } from "../../reward/numerics.ts";

/** Whether an item holds; null where the judge gave no answer, or cited evidence that does not occur. */
export type Answer = boolean | null;

/** The checklist of one turn and what a judge said of it. */
export interface ChecklistTurn {
  /** Weight of each item, ≥ 0, shape [K]; they are scaled to sum 1. */
  readonly weights: readonly number[];
  /** Answers at each step of the turn, shape [T][K]. */
  readonly steps: readonly (readonly Answer[])[];
  /** Items without which the turn is worth 0; none where absent, shape [K]. */
  readonly mustPass?: readonly boolean[];
}

/** A trajectory under its checklists. */
export interface ChecklistScore {
  /** Score of each turn, in [0, 1]; null where nothing that decides it was judged. */
  readonly turns: readonly Optional[];
  /** Mean over the turns, in [0, 1]; null without turns, or when one has no score. */
  readonly trajectory: Optional;
  /** Items that were left out since they were not judged, over all turns. */
  readonly unjudged: number;
}

/**
 * Scores a trajectory by the checklists of its turns. An item holds when it holds at any step of its turn; a turn is worth the weights of the
 * items that hold, and 0 when it has no step. An item that never holds and once was not judged is left out, and the others share its weight.
 *
 * @throws {GatewayError} REQUEST_INVALID when answers and weights do not fit, or a turn's items weigh nothing
 * @complexity O(answers), pure
 * @see Zhang et al. 2026, CM2: Reinforcement Learning with Checklist Rewards for Multi-Turn and Multi-Step Agentic Tool Use, arXiv:2602.12268
 * @example scoreChecklist([{ weights: [1, 3], steps: [[true, false]] }]).trajectory // → 0.25
 */
export function scoreChecklist(turns: readonly ChecklistTurn[]): ChecklistScore {
  const judged = turns.map(scoreTurn);
  const scores = judged.map(({ score }) => score);
  const known = scores.filter((score): score is number => score !== null);
  return {
    turns: scores,
    trajectory: known.length === 0 || known.length < scores.length ? null : sum(known) / known.length,
    unjudged: judged.reduce((total, { unjudged }) => total + unjudged, 0),
  };
}

function scoreTurn(
  { weights, steps, mustPass = [] }: ChecklistTurn,
  turn: number,
): { readonly score: Optional; readonly unjudged: number } {
  requireWeights(weights, `turn ${turn}`);
  requireWidth(steps, weights.length, `turn ${turn}`);
  if (steps.length === 0) return { score: 0, unjudged: 0 };
  const items = weights.map((_, k) => anyStep(steps.map((answers) => answers[k]!)));
  const unjudged = items.filter((item) => item === null).length;
  if (items.some((item, k) => mustPass[k] && item === false)) return { score: 0, unjudged };
  if (items.some((item, k) => mustPass[k] && item === null)) return { score: null, unjudged };
  const judged = sum(weights.filter((_, k) => items[k] !== null));
  return { score: judged === 0 ? null : sum(weights.filter((_, k) => items[k])) / judged, unjudged };
}

/** True where one is; null where none is and one is not known. */
function anyStep(answers: readonly Answer[]): Answer {
  if (answers.includes(true)) return true;
  return answers.includes(null) ? null : false;
}

/** Refuses weights that are negative, not finite, or nothing altogether. */
export function requireWeights(weights: readonly number[], where: string): void {
  if (weights.some((weight) => !Number.isFinite(weight) || weight < 0) || sum(weights) <= 0) {
    throw new GatewayError(
      "REQUEST_INVALID",
      `the checklist of ${where} weighs nothing or has a weight below 0: give every item one ≥ 0, and one above 0`,
    );
  }
}

/** Refuses answers that are not one per item. */
export function requireWidth(steps: readonly (readonly Answer[])[], items: number, where: string): void {
  if (steps.some((answers) => answers.length !== items)) {
    throw new GatewayError(
      "REQUEST_INVALID",
      `a step of ${where} has not one answer for each of ${items} items: send null where there is none`,
    );
  }
}
