import { creditDependencies } from "../../../src/judges/generative/checklist-dependencies.ts";
import { scoreChecklist } from "../../../src/judges/generative/checklist-score.ts";
import { expectedRating } from "../../../src/judges/generative/expected-rating.ts";
import { critiqueF1, dynamicBeta, gradeReward } from "../../../src/judges/generative/judge-training.ts";
import { parseListwise } from "../../../src/judges/generative/listwise.ts";
import { listwiseAgreement, scoreRankConsistency } from "../../../src/judges/generative/listwise-agreement.ts";
import { swapOrders } from "../../../src/judges/generative/order-swap.ts";
import { scoreRubric } from "../../../src/judges/generative/rubric-score.ts";
import { parseTotalScore } from "../../../src/judges/generative/total-score.ts";
import { parseVerdict, type Verdict } from "../../../src/judges/generative/verdict.ts";
import { critiqueMean, votePairwise, voteScores } from "../../../src/judges/generative/votes.ts";
import { yesProbability } from "../../../src/judges/generative/yes-probability.ts";
import { sigmoid } from "../../../src/reward/numerics.ts";
import type { Fields } from "../../support/vectors.ts";
import type { MethodTable } from "./table.ts";

const named = (table: object) => new Map<string, number>(Object.entries(table));

/** The vectors write A and B for a and b, and T for a tie among votes. */
const upper = (verdict: Verdict | null) => (verdict === "a" || verdict === "b" ? verdict.toUpperCase() : verdict);
const VOTES: Readonly<Record<string, Verdict>> = { A: "a", B: "b", T: "tie" };

export const generative: MethodTable = {
  "gen.p_yes": ({ logprobs }, { yes, no, missing, floor, min_mass }) => {
    const options = { yes, no, missing: missing === "topk_bound" ? "topKBound" : floor, minMass: min_mass ?? 0.5 } as const;
    const read = yesProbability(named(logprobs), options);
    const status = read.status === "read" ? "ok" : "abstain";
    // The vectors give p even where the judge abstains; the function gives the log-odds that it comes from.
    return { status, p_yes: sigmoid(read.logOdds), log_odds: read.logOdds, mass: read.mass };
  },
  "gen.expected_rating": ({ logprobs }, { scale }) => {
    const read = expectedRating(named(logprobs), { lo: scale[0], hi: scale[1], minMass: 0.5 });
    if (read.status === "abstained") return read;
    return { expected: read.rating, std: read.std, mass: read.mass, mode: read.mode, normalised_0_1: read.unit };
  },
  "gen.vote_scores": ({ samples }, { k_min }) => {
    const voted = voteScores(samples, k_min);
    return { ...voted, status: voted.status === "read" ? "ok" : "parse_fail", n_valid: voted.valid };
  },
  "gen.vote_pairwise": ({ verdicts }) => {
    const { probability, valid } = votePairwise(verdicts.map((verdict: string | null) => (verdict === null ? null : VOTES[verdict])));
    return { p_a: probability, n_valid: valid };
  },
  "gen.critique_mean": ({ scores }) => critiqueMean(scores),
  "gen.swap": ({ p_first_given_AB, p_first_given_BA }) => {
    const { probability, positionBias, consistent, verdict, strict } = swapOrders(p_first_given_AB, p_first_given_BA);
    return { p_a: probability, position_bias: positionBias, consistent, verdict: upper(verdict), p_a_strict: strict };
  },
  "gen.parse_verdict": ({ text }) => {
    const reading = parseVerdict(text);
    if (reading.status === "unreadable") return { status: "parse_fail" };
    const { verdict, matches } = reading.value;
    return { status: "ok", verdict: upper(verdict), n_matches: matches, conflict: reading.doubts.includes("conflict") };
  },
  "gen.rrm_parse": ({ text }, { max }) => {
    const reading = parseTotalScore(text, max);
    return reading.status === "read" ? { status: "ok", score: reading.value } : { status: "parse_fail" };
  },
  "gen.listwise": ({ text, mask }, { scale }) => {
    const reading = parseListwise(text, { labels: new Map(Object.entries<string>(mask)), lo: scale[0], hi: scale[1] });
    if (reading.status === "unreadable") return { status: "parse_fail" };
    const status = reading.doubts.includes("partial") ? "partial" : "ok";
    return { ...reading.value, status, scores: Object.fromEntries(reading.value.scores) };
  },
  "gen.score_rank_consistency": ({ scores, ranking }) => ({ consistency: scoreRankConsistency(named(scores), ranking) }),
  "gen.listwise_agreement": ({ pred, pred_perfect, pred_tied, gold }) => {
    const agreement = (predicted: object | undefined) => predicted && listwiseAgreement(named(predicted), named(gold));
    return { agreement: agreement(pred), perfect: agreement(pred_perfect), tied: agreement(pred_tied) };
  },
  "gen.rubric": ({ items }, { mode }) => scoreRubric(items, mode),
  "gen.checklist": ({ turns }) => {
    const { turns: scores, trajectory } = scoreChecklist(turns);
    return { turn_scores: scores, trajectory };
  },
  "gen.checklist_dependencies": ({ items, steps }, { eta }) => {
    const dependent = items.map(({ weight, depends_on }: Fields) => ({ weight, dependsOn: depends_on }));
    const { items: earned, score } = creditDependencies(dependent, steps, eta);
    return { item_scores: earned, weighted: score };
  },
  "gen.critique_f1": ({ model_arguments, human_arguments, model_matched, human_covered }) =>
    critiqueF1({ model: model_arguments, matched: model_matched, human: human_arguments, covered: human_covered }),
  "gen.rrm_train_reward": ({ score, gold }) => ({ reward: gradeReward(score, gold) }),
  "gen.dynamic_beta": ({ margin }, { beta, w, k }) => ({ beta_used: dynamicBeta(margin, { beta, weight: w, rate: k }) }),
};
