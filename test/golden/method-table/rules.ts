import { checkClaims } from "../../../src/judges/rules/arithmetic.ts";
import { sentenceBleu } from "../../../src/judges/rules/bleu.ts";
import { bestMatchSimilarity } from "../../../src/judges/rules/bmas.ts";
import { boxIou } from "../../../src/judges/rules/boxes.ts";
import { chartMatch } from "../../../src/judges/rules/chart.ts";
import { sentenceChrf } from "../../../src/judges/rules/chrf.ts";
import { exactMatch, foldAnswer } from "../../../src/judges/rules/exact-match.ts";
import { exemplarSimilarity } from "../../../src/judges/rules/exemplars.ts";
import { tagFormat } from "../../../src/judges/rules/format.ts";
import { lengthBand } from "../../../src/judges/rules/length-band.ts";
import { groupLikelihood, likelihoodOf, promptEcho } from "../../../src/judges/rules/likelihood.ts";
import { majorityVote } from "../../../src/judges/rules/majority.ts";
import { choiceOf } from "../../../src/judges/rules/multiple-choice.ts";
import { numericMatch } from "../../../src/judges/rules/numeric.ts";
import { translationMix } from "../../../src/judges/rules/translation-mix.ts";
import { verdictReward } from "../../../src/judges/rules/verdict-reward.ts";
import type { MethodTable } from "./table.ts";

export const rules: MethodTable = {
  "rule.exact": ({ pred, gold }) => ({ pred_norm: foldAnswer(pred), gold_norm: foldAnswer(gold), score: exactMatch(pred, gold) }),
  "rule.numeric": ({ pred, gold }, { rel, abs }) => ({ score: numericMatch(pred, gold, { rel, abs }) }),
  "rule.mcq": ({ text }, { options }) => ({ choice: choiceOf(text, options) }),
  "rule.iou": ({ pred, gold }) => {
    const iou = boxIou(pred, gold);
    return { iou, "hit_0.5": iou >= 0.5 ? 1 : 0 };
  },
  "rule.chart": ({ pred, gold }, { tolerance }) => chartMatch(pred, gold, tolerance),
  "rule.bmas": ({ pred, gold }) => {
    const { precision, recall, ...rest } = bestMatchSimilarity(pred, gold);
    return { p: precision, r: recall, ...rest };
  },
  "rule.bleu": ({ hyp, ref }, { max_order, effective_order }) => {
    const { brevityPenalty, ...rest } = sentenceBleu(hyp, ref, { maxOrder: max_order, effectiveOrder: effective_order });
    return { bp: brevityPenalty, ...rest };
  },
  "rule.chrf": ({ hyp, ref }, { char_order, beta, remove_whitespace }) => ({
    chrf: sentenceChrf(hyp, ref, { order: char_order, beta, removeWhitespace: remove_whitespace }),
  }),
  "rule.mt_mix": ({ format_ok, bleu, comet }, { scale, format_reward, format_fail_answer }) => ({
    reward: translationMix(
      { formatOk: format_ok, bleu, learned: comet },
      { scale, formatReward: format_reward ?? 1, formatFailAnswer: format_fail_answer ?? -2 },
    ),
  }),
  "rule.format": ({ text }, { tags }) => tagFormat(text, tags),
  "rule.length_band": ({ length }, { min, max, margin }) => ({ u: length.map((each: number) => lengthBand(each, { min, max, margin })) }),
  "rule.majority": ({ answers }, { min_share }) => {
    const { answer, ...rest } = majorityVote(answers, min_share ?? 0);
    return { majority: answer, ...rest };
  },
  "rule.likelihood": ({ token_logprobs }) => {
    const { logProbability, meanLogProbability, probability, meanTokenProbability, perplexity } = likelihoodOf(token_logprobs);
    return {
      logprob_sum: logProbability,
      logprob_mean: meanLogProbability,
      prob: probability,
      mean_token_prob: meanTokenProbability,
      perplexity,
    };
  },
  "rule.likelihood_group": ({ logprob_sum }) => {
    const { logMeanExp, leaveOneOut } = groupLikelihood(logprob_sum);
    return { log_mean_exp: logMeanExp, leave_one_out: leaveOneOut };
  },
  "rule.prompt_echo": ({ token_logprobs }) => {
    const { mean, sum } = promptEcho(token_logprobs);
    return { reward_mean: mean, reward_sum: sum };
  },
  "rule.r1_reward": ({ format, accuracy, consistency }) => ({ reward: verdictReward({ format, accuracy, consistency }) }),
  "rule.tool_arithmetic": ({ claims }, { abs }) => {
    const { observations, ok, share } = checkClaims(
      claims.map(([expression, value]: [string, number]) => ({ expression, value })),
      abs,
    );
    return { observations, ok, score: share, status: share === null ? "abstain" : "scored" };
  },
  "rule.instance_to_distribution": ({ x, exemplars }) => {
    const { toCentroid, meanCosine } = exemplarSimilarity(x, exemplars);
    return { to_centroid: toCentroid, mean_cosine: meanCosine };
  },
};
