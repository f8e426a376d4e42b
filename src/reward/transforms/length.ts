import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { TransformContext } from "../../domain/reward.ts";
import type { ParamsProblem, TransformKind } from "../kinds.ts";
import type { Optional } from "../missing.ts";

/**
 * Every length, of which none may be missing: a missing one would be a penalty or a reward that nobody decided on.
 *
 * @param lengths content tokens by the policy's tokenizer, or characters; always the same unit
 * @throws {GatewayError} REQUEST_INVALID when one is missing, negative or no number
 */
export function requireLengths(lengths: readonly Optional[]): Float64Array {
  return Float64Array.from(lengths, (length, i) => {
    if (length !== null && Number.isFinite(length) && length >= 0) return length;
    throw new GatewayError("REQUEST_INVALID", `the length of candidate ${i} is ${length}: give each one, counted in one unit`);
  });
}

/**
 * Reward less a charge for length beyond a free part: u[i] = s[i] − perToken · max(0, L[i] − free).
 *
 * @param scores  shape [n]
 * @param lengths shape [n], in the unit of `free`
 * @param charge  free length, and what each unit beyond it costs
 * @returns shape [n], same order
 * @throws {GatewayError} REQUEST_INVALID when a length is missing
 * @complexity O(n), pure
 * @see Fu et al. 2025, Reward Shaping to Mitigate Reward Hacking in RLHF, arXiv:2502.18770, published code: 0.01 above 300
 * @example chargeExcess(Float64Array.of(1), [350], { free: 300, perToken: 0.01 })[0] // → 0.5
 */
export function chargeExcess(
  scores: Float64Array,
  lengths: readonly Optional[],
  { free, perToken }: { readonly free: number; readonly perToken: number },
): Float64Array {
  const excess = requireLengths(lengths).map((length) => Math.max(0, length - free));
  return scores.map((score, i) => score - perToken * excess[i]!);
}

/**
 * Soft punishment of overlong completions: 0 up to max − cache, falling in a straight line to −1 at max, −1 beyond.
 *
 * @param lengths shape [n]
 * @param limits  max, and the width `cache` of the slope before it, 0 ≤ cache ≤ max
 * @returns numbers in [−1, 0], shape [n], same order
 * @throws {GatewayError} REQUEST_INVALID when a length is missing
 * @complexity O(n), pure
 * @see Yu et al. 2025, DAPO: An Open-Source LLM Reinforcement Learning System at Scale, arXiv:2503.14476
 * @example softOverlong([90], { max: 100, cache: 20 })[0] // → -0.5
 */
export function softOverlong(lengths: readonly Optional[], { max, cache }: { readonly max: number; readonly cache: number }): Float64Array {
  return requireLengths(lengths).map((length) => {
    if (length <= max - cache) return 0;
    return length > max ? -1 : (max - cache - length) / cache;
  });
}

/** Rewards of a completion at the two ends of the length scale. */
export interface CosineLength {
  /** Length at which the cosine has run its half turn; longer ones count as this long. */
  readonly max: number;
  /** Of a right answer: [at max, at 0]. */
  readonly correct: readonly [number, number];
  /** Of a wrong answer: [at 0, at max], so that a long wrong one, which tried, loses less. */
  readonly wrong: readonly [number, number];
}

/**
 * Reward of an answer by correctness and length along half a cosine: right answers earn more when short, wrong ones lose less
 * when long.
 *
 * @param correct shape [n]
 * @param lengths shape [n]
 * @param shape   length of the half turn and rewards at its ends
 * @returns shape [n], same order
 * @throws {GatewayError} REQUEST_INVALID when a length is missing
 * @complexity O(n), pure
 * @see Yeo et al. 2025, Demystifying Long Chain-of-Thought Reasoning in LLMs, arXiv:2502.03373
 * @example cosineLength([true], [50], { max: 100, correct: [0.5, 1], wrong: [-1, -0.5] })[0] // → 0.75
 */
export function cosineLength(correct: readonly boolean[], lengths: readonly Optional[], shape: CosineLength): Float64Array {
  return requireLengths(lengths).map((length, i) => {
    const cosine = Math.cos((Math.PI * Math.min(length, shape.max)) / shape.max);
    const [low, high] = correct[i] ? shape.correct : shape.wrong;
    return low + (high - low) * 0.5 * (correct[i] ? 1 + cosine : 1 - cosine);
  });
}

/** A penalty for being away from a length. */
export interface GeneralisedLength {
  readonly target: number;
  /** Distance from the target that costs nothing. */
  readonly tolerance: number;
  /** Distance beyond the tolerance at which the penalty is 1, or 1 − 1/e under `exp`; above 0. */
  readonly scale: number;
  /** `linear` −min(1, x), `quadratic` −min(1, x²), `exp` e^−x − 1, where x = max(0, |L − target| − tolerance) / scale. */
  readonly shape: "linear" | "quadratic" | "exp";
}

/**
 * Penalty for a length away from a target, with a dead zone, a slope and a bound.
 *
 * @param lengths shape [n]
 * @param penalty target, tolerance, scale and shape
 * @returns numbers in [−1, 0], shape [n], same order
 * @throws {GatewayError} REQUEST_INVALID when a length is missing
 * @complexity O(n), pure
 * @see Gulhane and Indurthi 2025, Beyond Monolithic Rewards: A Hybrid and Multi-Aspect Reward Optimization for MLLM Alignment,
 *   arXiv:2510.05283, whose idea this is; the form is ours
 * @example generalisedLength([160], { target: 100, tolerance: 20, scale: 80, shape: "linear" })[0] // → -0.5
 */
export function generalisedLength(lengths: readonly Optional[], { target, tolerance, scale, shape }: GeneralisedLength): Float64Array {
  return requireLengths(lengths).map((length) => {
    const x = Math.max(0, Math.abs(length - target) - tolerance) / scale;
    // From 0 on, so that no penalty is 0 and not −0.
    return 0 - (shape === "exp" ? -Math.expm1(-x) : Math.min(1, shape === "linear" ? x : x * x));
  });
}

/** A transform that takes something off each score for its candidate's length; the score keeps its space. */
function overLengths<S extends z.ZodObject>(
  method: string,
  params: S,
  charge: (scores: Float64Array, lengths: readonly Optional[], params: z.output<S>) => Float64Array,
  problems: (params: z.output<S>) => readonly ParamsProblem[] = () => [],
): TransformKind<S> {
  return {
    method,
    params,
    accepts: ["logit", "native"],
    spaceOut: (spaceIn) => spaceIn,
    problems,
    create: (chosen, { spaceIn, revision }) => ({
      name: method,
      spaceIn,
      spaceOut: spaceIn,
      revision,
      reads: "lengths",
      apply: (scores, { lengths }: TransformContext) => charge(scores, [...(lengths ?? [])], chosen),
    }),
  };
}

const tokens = z.number().min(0);

/** Each token beyond a free length costs something. */
export const lengthCharge = overLengths(
  "lengthCharge",
  z
    .strictObject({
      free: tokens.describe("Tokens that cost nothing, ≥ 0."),
      perToken: z.number().min(0).describe("What each further token costs, in the unit of the score, ≥ 0."),
    })
    .describe("score − perToken × max(0, tokens − free). The request tells each candidate's tokens."),
  chargeExcess,
);

const factor = z.number().min(0).default(1).describe("What the whole penalty costs, in the unit of the score, ≥ 0. Default 1.");

/** A bounded punishment shortly before the limit of generation. */
export const softOverlongTransform = overLengths(
  "softOverlong",
  z
    .strictObject({
      max: z.number().positive().describe("Tokens at which the whole penalty is due, > 0."),
      cache: tokens.describe("Width of the slope before that, tokens, from 0 to max."),
      factor,
    })
    .describe(
      "score − factor × p, where p grows in a straight line from 0 at max − cache to 1 at max. The request tells each candidate's tokens.",
    ),
  (scores, lengths, { max, cache, factor }) => plus(scores, softOverlong(lengths, { max, cache }), factor),
  ({ max, cache }) => {
    if (cache <= max) return [];
    const cause = `a slope of ${cache} tokens before ${max} begins below 0, so that an empty completion pays`;
    return [{ path: ["cache"], cause, remedy: "give cache a value from 0 to max" }];
  },
);

/** A bounded punishment for being away from a length. */
export const lengthTarget = overLengths(
  "lengthTarget",
  z
    .strictObject({
      target: tokens.describe("Tokens that cost nothing."),
      tolerance: tokens.default(0).describe("Distance from the target that costs nothing. Default 0."),
      scale: z.number().positive().describe("Distance beyond the tolerance at which the penalty is whole, > 0."),
      shape: z.enum(["linear", "quadratic", "exp"]).default("linear").describe("How the penalty grows. Default linear."),
      factor,
    })
    .describe(
      "score − factor × p, where p in [0, 1] grows with the distance from a target length. The request tells each candidate's tokens.",
    ),
  (scores, lengths, { factor, ...penalty }) => plus(scores, generalisedLength(lengths, penalty), factor),
);

function plus(scores: Float64Array, penalties: Float64Array, factor: number): Float64Array {
  return scores.map((score, i) => score + factor * penalties[i]!);
}
