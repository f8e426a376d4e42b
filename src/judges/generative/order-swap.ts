import { type Optional, requireFinite } from "../../reward/missing.ts";
import type { Verdict } from "./verdict.ts";

/** A pair that was judged in both orders. Null is what only both orders together can tell. */
export interface SwappedPair {
  /** P(a is better), in [0, 1], averaged over the orders; from one order where the other failed, null where both did. */
  readonly probability: Optional;
  /** How much standing first adds, in [−½, ½]. */
  readonly positionBias: Optional;
  /** Whether both orders name the same winner; an order that names none is not consistent. */
  readonly consistent: boolean | null;
  /** The winner of both orders, `tie` when they do not agree. */
  readonly verdict: Verdict | null;
  /** P(a is better) where inconsistent orders count as a tie, in [0, 1]. */
  readonly strict: Optional;
}

/**
 * Takes the order out of a comparison: p = (p_AB + 1 − p_BA)/2, bias = (p_AB + p_BA)/2 − ½.
 *
 * @param firstInAB P(first is better) when a stands first, in [0, 1]; null where that order failed
 * @param firstInBA P(first is better) when b stands first, in [0, 1]; null where that order failed
 * @throws {GatewayError} SCORE_NOT_FINITE when a probability is NaN or infinite
 * @complexity O(1), pure
 * @see Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, arXiv:2306.05685
 * @example swapOrders(0.75, 0.25).verdict // → "a"
 */
export function swapOrders(firstInAB: Optional, firstInBA: Optional): SwappedPair {
  requireFinite([firstInAB, firstInBA], "a probability of a pair");
  if (firstInAB === null || firstInBA === null) {
    const probability = firstInAB ?? (firstInBA === null ? null : 1 - firstInBA);
    return { probability, positionBias: null, consistent: null, verdict: null, strict: null };
  }
  const probability = (firstInAB + 1 - firstInBA) / 2;
  const consistent = (firstInAB > 0.5 && firstInBA < 0.5) || (firstInAB < 0.5 && firstInBA > 0.5);
  return {
    probability,
    positionBias: (firstInAB + firstInBA) / 2 - 0.5,
    consistent,
    verdict: consistent ? (firstInAB > 0.5 ? "a" : "b") : "tie",
    strict: consistent ? probability : 0.5,
  };
}
