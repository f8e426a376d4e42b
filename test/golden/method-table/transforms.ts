import type { Optional } from "../../../src/reward/missing.ts";
import { type ReferenceRule, referenceReward } from "../../../src/reward/reference.ts";
import { arctanOver, centreOn, preferOver, tanhOver } from "../../../src/reward/transforms/centred.ts";
import { clipTo } from "../../../src/reward/transforms/clip.ts";
import { correctDirection, cosineSimilarity } from "../../../src/reward/transforms/directional-correction.ts";
import { centredRanks, minMaxScale, rankScale } from "../../../src/reward/transforms/group-scale.ts";
import { switchLengthReward } from "../../../src/reward/transforms/grpo-lambda.ts";
import { chargeExcess, cosineLength, generalisedLength, softOverlong } from "../../../src/reward/transforms/length.ts";
import { centreLogSigmoid } from "../../../src/reward/transforms/log-sigmoid-centred.ts";
import { shapeByPotential } from "../../../src/reward/transforms/potential-shaping.ts";
import { repetitionPenalty } from "../../../src/reward/transforms/repetition.ts";
import { runningScale } from "../../../src/reward/transforms/running-scale.ts";
import { clipSteps, completeSteps, deltaSteps, meanStepScore, returnToGo } from "../../../src/reward/transforms/step-rewards.ts";
import { throughMissing } from "../../../src/reward/transforms/through-missing.ts";
import { NOTHING_SEEN } from "../../../src/reward/welford.ts";
import type { Fields } from "../../support/vectors.ts";
import { type MethodTable, numbers } from "./table.ts";

function ruleOf({ kind, q, ddof, std_eps }: Fields): ReferenceRule {
  if (kind === "normal_quantile") return { method: "normalQuantile", q, ddof, stdEpsilon: std_eps };
  return kind === "quantile" ? { method: "quantile", q } : { method: "mean" };
}

function steps(values: readonly Optional[]): Float64Array {
  return completeSteps(values, "fail");
}

function withReturns(reward: Float64Array): object {
  return { reward, return_to_go: returnToGo(reward) };
}

export const transforms: MethodTable = {
  "tf.reference": ({ reference_rewards }, params) => ({ ref: referenceReward(reference_rewards, ruleOf(params)) }),
  "tf.lsc": ({ r }, { ref }) => ({ u: throughMissing(r, (scores) => centreLogSigmoid(scores, ref)) }),
  "tf.par": ({ r, references }, { k }) => ({
    u: throughMissing(r, (scores) => preferOver(scores, numbers(references), { slope: k, shift: 0 })),
  }),
  "tf.sgfc": ({ r, references }, { shift, k }) => ({
    u: throughMissing(r, (scores) => preferOver(scores, numbers(references), { slope: k, shift })),
  }),
  "tf.centered": ({ r, references }) => ({ u: throughMissing(r, (scores) => centreOn(scores, numbers(references))) }),
  // These vectors hold one score and name the result of it; more scores would give lists.
  "tf.tanh": ({ r, references }, _, { tanh, arctan }) => {
    const [a, b] = [tanhOver(numbers(r), numbers(references)), arctanOver(numbers(r), numbers(references))];
    return { tanh: Array.isArray(tanh) ? a : a[0], arctan: Array.isArray(arctan) ? b : b[0] };
  },
  "tf.minmax": ({ r }) => {
    let degenerate = false;
    const u = throughMissing(r, (scores) => {
      const scaled = minMaxScale(scores);
      degenerate = scaled.degenerate;
      return scaled.scores;
    });
    return { u, degenerate };
  },
  "tf.running": ({ batches }, { ddof }) => {
    let state = NOTHING_SEEN;
    const taken = batches.map((batch: readonly Optional[]) => {
      const { mean, std, standardised, clipped, minMax, ...after } = runningScale(state, batch, ddof);
      state = after.state;
      return { mean, std, meanstd: standardised, clip: clipped, minmax: minMax };
    });
    return { steps: taken };
  },
  "tf.clip": ({ r }, { lo, hi }) => ({ u: throughMissing(r, (scores) => clipTo(scores, { lo, hi })) }),
  "tf.rank": ({ r, r_tied }) => ({
    u: throughMissing(r, rankScale),
    centred: throughMissing(r, centredRanks),
    u_tied: throughMissing(r_tied ?? [], rankScale),
    centred_tied: throughMissing(r_tied ?? [], centredRanks),
  }),
  "tf.length_excess": ({ r, length }, { free, per_token }) => ({ u: chargeExcess(numbers(r), length, { free, perToken: per_token }) }),
  "tf.soft_overlong": ({ length }, { max, cache }) => ({ u: softOverlong(length, { max, cache }) }),
  "tf.cosine_length": (input, { max, wrong, correct }) => ({ u: cosineLength(input.correct, input.length, { max, wrong, correct }) }),
  "tf.generalised_length": ({ length }, { target, tolerance, scale, shape }) => ({
    u: generalisedLength(length, { target, tolerance, scale, shape }),
  }),
  "tf.repetition": ({ ids }, { n, max_penalty }) => ({ u: repetitionPenalty(ids, n, max_penalty) }),
  "tf.grpo_lambda": ({ correct, length }, { lambda, alpha, std_floor }) => {
    const options = { lambda, alpha, stdFloor: std_floor, unknown: "mask" } as const;
    const { ratio, efficiencyGroups, rewards } = switchLengthReward(correct, length, options);
    return { ratio, efficiency_groups: efficiencyGroups, reward: rewards };
  },
  "tf.prm_clip": (input, { eta }) => withReturns(clipSteps(steps(input.steps), eta ?? meanStepScore([steps(input.steps)]))),
  "tf.prm_delta": (input) => withReturns(deltaSteps(steps(input.steps))),
  "tf.prm_clip_delta": (input, { eta }) =>
    withReturns(deltaSteps(clipSteps(steps(input.steps), eta ?? meanStepScore([steps(input.steps)])))),
  "tf.potential_shaping": ({ r, phi }, { gamma }) => {
    const { rewards, sum } = shapeByPotential(numbers(r), numbers(phi), gamma);
    return { reward: rewards, sum };
  },
  "tf.directional_correction": ({ embedding, bias_direction, target }, { gamma }) => {
    const corrected = correctDirection(numbers(embedding), { direction: numbers(bias_direction), gamma, minShare: 1e-12 });
    return {
      corrected,
      reward_before: cosineSimilarity(numbers(embedding), numbers(target)),
      reward_after: cosineSimilarity(corrected, numbers(target)),
    };
  },
};
