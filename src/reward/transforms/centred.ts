import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { Transform, TransformContext } from "../../domain/reward.ts";
import type { ScoreSpace } from "../../domain/score-space.ts";
import type { TransformKind } from "../kinds.ts";
import { sigmoid, sum } from "../numerics.ts";
import { referenceScores } from "../reference.ts";

/**
 * Scores less the mean score of reference completions: u[i] = s[i] − mean_m ref[m].
 *
 * @param scores     calibrated scores, shape [n]
 * @param references scores of reference completions under the same judge, shape [M]
 * @returns shape [n], same unit, same order
 * @throws {GatewayError} REFERENCE_MISSING when there is no reference
 * @complexity O(n + M), pure
 * @see Fu et al. 2025, Reward Shaping to Mitigate Reward Hacking in RLHF, arXiv:2502.18770
 * @example centreOn(Float64Array.of(3), Float64Array.of(1, 2))[0] // → 1.5
 */
export function centreOn(scores: Float64Array, references: Float64Array): Float64Array {
  requireReferences(references);
  const mean = sum(references) / references.length;
  return scores.map((score) => score - mean);
}

/**
 * Preference as reward: u[i] = mean_m σ(slope · (s[i] − ref[m] − shift)), the probability that a candidate beats a reference
 * completion of its prompt, on average over the references. Steepest at the reference, flat at the top. With a shift of 3 it
 * is the slow-growth, fast-convergence sigmoid.
 *
 * @param scores     calibrated scores, logits, shape [n]
 * @param references scores of reference completions under the same judge, logits, shape [M]
 * @param shape      slope > 0 and shift, logits
 * @returns numbers in [0, 1], shape [n], same order
 * @throws {GatewayError} REFERENCE_MISSING when there is no reference
 * @complexity O(n·M), pure
 * @see Fu et al. 2025, arXiv:2502.18770
 * @example preferOver(Float64Array.of(2), Float64Array.of(2), { slope: 1, shift: 0 })[0] // → 0.5
 */
export function preferOver(
  scores: Float64Array,
  references: Float64Array,
  { slope, shift }: { readonly slope: number; readonly shift: number },
): Float64Array {
  return meanOver(scores, references, (distance) => sigmoid(slope * (distance - shift)));
}

/**
 * Mean over references of tanh(s[i] − ref[m]).
 *
 * @returns numbers in [−1, 1], shape [n], same order
 * @throws {GatewayError} REFERENCE_MISSING when there is no reference
 * @complexity O(n·M), pure
 * @see Fu et al. 2025, arXiv:2502.18770
 * @example tanhOver(Float64Array.of(2), Float64Array.of(2))[0] // → 0
 */
export function tanhOver(scores: Float64Array, references: Float64Array): Float64Array {
  return meanOver(scores, references, Math.tanh);
}

/**
 * Mean over references of arctan(s[i] − ref[m]). Its tails are heavier than those of tanh.
 *
 * @returns numbers in (−π/2, π/2), shape [n], same order
 * @throws {GatewayError} REFERENCE_MISSING when there is no reference
 * @complexity O(n·M), pure
 * @see Fu et al. 2025, arXiv:2502.18770
 * @example arctanOver(Float64Array.of(2), Float64Array.of(2))[0] // → 0
 */
export function arctanOver(scores: Float64Array, references: Float64Array): Float64Array {
  return meanOver(scores, references, Math.atan);
}

function meanOver(scores: Float64Array, references: Float64Array, shape: (distance: number) => number): Float64Array {
  requireReferences(references);
  return scores.map((score) => sum(references.map((reference) => shape(score - reference))) / references.length);
}

function requireReferences(references: Float64Array): void {
  if (references.length > 0) return;
  throw new GatewayError("REFERENCE_MISSING", "no reference completion has a score: give at least one, or use a reference reward");
}

const references = z
  .union([z.literal("item"), referenceScores.max(1000)])
  .describe(
    "Scores of reference completions under the same judge, whose effects are averaged: `item` for the item's own baselines, or a list.",
  );
type References = z.output<typeof references>;

/** Where the references of an application come from: the configuration, or the item. */
function referencesOf(references: References): { readonly reads?: "baselines"; of(context: TransformContext): Float64Array } {
  if (references === "item") return { reads: "baselines", of: ({ baselines }) => baselines ?? new Float64Array() };
  const constant = Float64Array.from(references);
  return { of: () => constant };
}

/** A transform of each score by its distance from references. */
function overReferences(
  method: string,
  describe: string,
  { accepts, spaceOut }: { accepts: readonly ScoreSpace[]; spaceOut(spaceIn: ScoreSpace): ScoreSpace },
  transform: (scores: Float64Array, references: Float64Array) => Float64Array,
): TransformKind<z.ZodObject<{ references: typeof references }>> {
  return {
    method,
    params: z.strictObject({ references }).describe(describe),
    references: ["references"],
    accepts,
    spaceOut,
    problems: () => [],
    create: ({ references }, { spaceIn, revision }) => {
      const { of, ...reads } = referencesOf(references);
      return {
        name: method,
        spaceIn,
        spaceOut: spaceOut(spaceIn),
        revision,
        ...reads,
        apply: (given, context) => transform(given, of(context)),
      };
    },
  };
}

/** Score less reference: still log-odds where it was log-odds, since a difference of logits is one. */
export const centred = overReferences(
  "centred",
  "score − mean of the references.",
  { accepts: ["logit", "native"], spaceOut: (spaceIn) => spaceIn },
  centreOn,
);

/** Bounded on both sides; the usual shape of a hyperbolic tangent. */
export const tanh = overReferences(
  "tanh",
  "Mean over references of tanh(score − reference), in [−1, 1].",
  { accepts: ["logit", "native"], spaceOut: () => "native" },
  tanhOver,
);

/** Bounded on both sides, with heavier tails than tanh. */
export const arctan = overReferences(
  "arctan",
  "Mean over references of arctan(score − reference), in (−π/2, π/2).",
  { accepts: ["logit", "native"], spaceOut: () => "native" },
  arctanOver,
);

const preferenceParams = z
  .strictObject({
    references,
    slope: z.number().positive().default(1).describe("Steepness at the reference, per logit. Default 1."),
    shift: z.number().default(0).describe("Logits above the reference where the value is ½. Default 0; 3 grows slowly and converges fast."),
  })
  .describe("Mean over references of σ(slope × (score − reference − shift)): how likely a candidate beats them. In [0, 1].");

/** Preference as reward. */
export const preferenceAsReward: TransformKind<typeof preferenceParams> = {
  method: "preferenceAsReward",
  params: preferenceParams,
  references: ["references"],
  accepts: ["logit"],
  spaceOut: () => "unit",
  problems: () => [],
  create: (options, { spaceIn, revision }) => {
    const { of, ...reads } = referencesOf(options.references);
    const apply: Transform["apply"] = (given, context) => preferOver(given, of(context), options);
    return { name: "preferenceAsReward", spaceIn, spaceOut: "unit", revision, ...reads, apply };
  },
};
