import { GatewayError } from "../../domain/errors.ts";
import { sum } from "../numerics.ts";

/** Head that reads the hidden states of all experts at once. */
export interface InnerHead {
  /** One row per hidden unit, shape [H][experts · d]. */
  readonly hiddenWeights: readonly ArrayLike<number>[];
  /** Shape [H]. */
  readonly hiddenBias: ArrayLike<number>;
  /** Shape [H]. */
  readonly outputWeights: ArrayLike<number>;
  readonly outputBias: number;
  /** Slope of the PReLU below 0. */
  readonly slope: number;
}

/**
 * Reward of the inner experts of a mixture: their hidden states in a fixed order, one linear layer, PReLU, one linear layer.
 * There is no value that could stand for a missing expert.
 *
 * @param hidden hidden states, one per expert, shape [experts][d], in the order that the head was trained with
 * @returns the hidden units after the PReLU, shape [H], and the reward, in the head's own scale
 * @throws {GatewayError} SCORE_NOT_FINITE when the widths do not fit, so that an expert is missing, or a number is not finite
 * @complexity O(H · experts · d), pure
 * @see Quan 2024, DMoERM: Recipes of Mixture-of-Experts for Effective Reward Modeling, arXiv:2403.01197
 * @example innerReward([[1], [2]], { hiddenWeights: [[1, 2]], hiddenBias: [0], outputWeights: [3], outputBias: 1, slope: 0.25 }).reward // → 16
 */
export function innerReward(
  hidden: readonly ArrayLike<number>[],
  head: InnerHead,
): { readonly hidden: Float64Array; readonly reward: number } {
  const joined = hidden.flatMap((state) => Array.from(state));
  const width = head.hiddenWeights[0]?.length ?? 0;
  if (joined.length !== width || joined.some((x) => !Number.isFinite(x))) {
    const why = `the head reads ${width} finite numbers and the experts gave ${joined.filter(Number.isFinite).length}`;
    throw new GatewayError("SCORE_NOT_FINITE", `${why}: a missing expert cannot be left out, all have to answer`);
  }
  const units = Float64Array.from(head.hiddenWeights, (row, h) => {
    const x = sum(joined.map((value, i) => value * row[i]!)) + head.hiddenBias[h]!;
    return x >= 0 ? x : head.slope * x;
  });
  return { hidden: units, reward: sum(units.map((unit, h) => unit * head.outputWeights[h]!)) + head.outputBias };
}
