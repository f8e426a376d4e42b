import { GatewayError } from "../../domain/errors.ts";
import type { Optional } from "../missing.ts";
import { sum } from "../numerics.ts";

/** Step scores without gaps. A response that lacks one fails, or takes over the score of the step before. */
export function completeSteps(steps: readonly Optional[], missing: "fail" | "previous"): Float64Array {
  let previous: number | undefined;
  return Float64Array.from(steps, (step, h) => {
    const score = step ?? (missing === "previous" ? previous : undefined);
    if (score === undefined || !Number.isFinite(score)) {
      throw new GatewayError("SCORE_NOT_FINITE", `step ${h} has no score: a reward of the other steps would not be that of the response`);
    }
    previous = score;
    return score;
  });
}

/**
 * Step rewards that can only cost: r[h] = min(q[h] − η, 0). No number of good steps adds up to a reward.
 *
 * @param steps q, scores of a process reward model, shape [H]
 * @param eta   score from which a step costs nothing
 * @returns rewards ≤ 0, shape [H]
 * @complexity O(H), pure
 * @see Gao et al. 2024, On Designing Effective RL Reward at Training Time for LLM Reasoning, arXiv:2410.15115
 * @example clipSteps(Float64Array.of(0.5), 0.75)[0] // → -0.25
 */
export function clipSteps(steps: Float64Array, eta: number): Float64Array {
  return steps.map((q) => Math.min(q - eta, 0));
}

/**
 * Step rewards whose sum from any step on is that step's score: r[h] = q[h] − q[h + 1], and r[H] = q[H]. Repeating good steps
 * earns nothing. After {@link clipSteps} no reward to come exceeds 0.
 *
 * @param steps q, shape [H]; a single step keeps its score
 * @returns shape [H]
 * @complexity O(H), pure
 * @see Gao et al. 2024, arXiv:2410.15115
 * @example deltaSteps(Float64Array.of(3, 1))[0] // → 2
 */
export function deltaSteps(steps: Float64Array): Float64Array {
  return steps.map((q, h) => (h + 1 < steps.length ? q - steps[h + 1]! : q));
}

/**
 * What is still to come at each step: Σ_{k ≥ h} r[k].
 *
 * @param rewards r, shape [H]
 * @returns shape [H]
 * @complexity O(H), pure
 * @example returnToGo(Float64Array.of(2, 1))[0] // → 3
 */
export function returnToGo(rewards: Float64Array): Float64Array {
  const toGo = new Float64Array(rewards.length);
  for (let h = rewards.length - 1; h >= 0; h--) toGo[h] = rewards[h]! + (toGo[h + 1] ?? 0);
  return toGo;
}

/**
 * η where none is pinned: the mean of all step scores of the call.
 *
 * @param responses step scores of each response
 * @returns NaN when there is no step
 * @complexity O(ΣH), pure
 * @example meanStepScore([Float64Array.of(1, 2), Float64Array.of(3)]) // → 2
 */
export function meanStepScore(responses: readonly Float64Array[]): number {
  const all = responses.flatMap((steps) => [...steps]);
  return sum(all) / all.length;
}
