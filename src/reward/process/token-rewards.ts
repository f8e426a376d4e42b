import { GatewayError } from "../../domain/errors.ts";
import { requireFinite } from "../missing.ts";
import type { StepSpan } from "./split-steps.ts";

/** Where the reward of a step goes: on the step's last token, or in equal parts on all its tokens. */
export type TokenPlacement = "lastToken" | "uniform";

/**
 * Spreads step rewards over the tokens of a response. Step h owns the tokens [ends[h − 1], ends[h]); one that owns none, since it
 * ends within the same token as the step before, adds its reward to that token. The sum over tokens is the sum over steps.
 *
 * @param rewards one per step, shape [H]
 * @param ends    end of each step in tokens, shape [H], never falling, from 1 to the number of tokens
 * @param tokens  number of tokens, T ≥ 0; those after the last step get 0
 * @returns shape [T]
 * @throws {GatewayError} SCORE_NOT_FINITE when a reward is NaN or infinite; REQUEST_INVALID when ends do not fit
 * @complexity O(T + H), pure
 * @see Zhang et al. 2026, CM2: Reinforcement Learning with Checklist Rewards for Multi-Turn and Multi-Step Agentic Tool Use, arXiv:2602.12268, for the last token
 * @example placeOnTokens([0.5, 1], [1, 3], 3, "uniform")[2] // → 0.5
 */
export function placeOnTokens(
  rewards: ArrayLike<number>,
  ends: readonly number[],
  tokens: number,
  placement: TokenPlacement,
): Float64Array {
  requireFinite(Array.from(rewards), "a step reward");
  if (ends.length !== rewards.length) throw invalid(`${rewards.length} step rewards came with ${ends.length} ends`);
  const placed = new Float64Array(tokens);
  let start = 0;
  ends.forEach((end, h) => {
    if (!Number.isInteger(end) || end < Math.max(1, start) || end > tokens) throw invalid(`step ${h} ends at token ${end} of ${tokens}`);
    const first = placement === "lastToken" ? end - 1 : Math.min(start, end - 1);
    for (let t = first; t < end; t++) placed[t]! += rewards[h]! / (end - first);
    start = end;
  });
  return placed;
}

function invalid(what: string): GatewayError {
  return new GatewayError("REQUEST_INVALID", `${what}: give one end per step, never falling, from 1 to the number of tokens`);
}

/**
 * The end of each step in a client's tokens: one past the last token that holds a character of the step. Tokens without characters
 * (a beginning or end of sequence, often given as [0, 0)) hold none.
 *
 * @param steps   spans in the text, in order
 * @param offsets [start, end) of each token in the same text and unit, in order
 * @returns shape [H], never falling; for {@link placeOnTokens}
 * @throws {GatewayError} REQUEST_INVALID when no token reaches into the first step, or offsets go backwards
 * @complexity O(H + T), pure
 * @example tokenEnds([{ start: 0, end: 3 }], [[0, 0], [0, 2], [2, 4]])[0] // → 3
 */
export function tokenEnds(steps: readonly StepSpan[], offsets: readonly (readonly [number, number])[]): number[] {
  let next = 0;
  let end = 0;
  let reached = 0;
  return steps.map((step, h) => {
    for (; next < offsets.length; next++) {
      const [from, to] = offsets[next]!;
      if (to <= from) continue;
      if (from < reached) throw new GatewayError("REQUEST_INVALID", `the offset of token ${next} lies before that of the token before it`);
      if (from >= step.end) break;
      reached = from;
      end = next + 1;
    }
    if (end === 0) throw new GatewayError("REQUEST_INVALID", `no token holds a character of step ${h}: send offsets of the same text`);
    return end;
  });
}
