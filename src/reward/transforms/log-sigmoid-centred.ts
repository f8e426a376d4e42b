import { z } from "zod";
import type { Transform } from "../../domain/reward.ts";
import type { TransformKind } from "../kinds.ts";
import { logSigmoid } from "../numerics.ts";
import { referenceParams, referenceReward, resolveReference } from "../reference.ts";

const params = z
  .strictObject({
    reference: z
      .union([z.literal("item"), referenceParams])
      .describe(
        "Reference reward, the score above which more reward buys little: `item` for the mean of the item's own baselines, or a number.",
      ),
  })
  .describe("log σ(score − reference): the log-probability that the candidate beats the reference. Takes logits, gives log-probabilities.");

/**
 * Log-sigmoid transform centred on a reference reward: u[i] = log σ(s[i] − ref). The log-probability that the candidate
 * beats the reference under Bradley–Terry; slope 1 far below the reference, 0 far above.
 *
 * @param scores    calibrated scores, logits, shape [n], request order
 * @param reference reward of the reference completion under the same judge, logits
 * @returns transformed scores ≤ 0, nats, shape [n], same order
 * @complexity O(n), pure
 * @see Wang et al. 2024, Transforming and Combining Rewards for Aligning Large Language Models, arXiv:2402.00742
 * @example centreLogSigmoid(Float64Array.of(2), 2)[0] // → -0.6931471805599453
 */
export function centreLogSigmoid(scores: Float64Array, reference: number): Float64Array {
  return scores.map((score) => logSigmoid(score - reference));
}

/** Log-sigmoid centring. Sums of such terms are the log-probability that every property holds, if they are independent. */
export const logSigmoidCentred: TransformKind<typeof params> = {
  method: "logSigmoidCentred",
  params,
  references: ["reference"],
  accepts: ["logit"],
  spaceOut: () => "logProbability",
  problems: () => [],
  create: ({ reference }, { spaceIn, revision }) => {
    const fixed = { name: "logSigmoidCentred", spaceIn, spaceOut: "logProbability", revision } as const;
    if (reference === "item") {
      const apply: Transform["apply"] = (scores, { baselines }) =>
        centreLogSigmoid(scores, referenceReward(baselines ?? [], { method: "mean" }));
      return { ...fixed, reads: "baselines", apply };
    }
    const value = resolveReference(reference);
    return { ...fixed, apply: (scores) => centreLogSigmoid(scores, value) };
  },
};
