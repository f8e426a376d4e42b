import type { Criterion } from "../../domain/item.ts";
import type { Finding, RawScore } from "../../domain/judge.ts";
import type { CriterionAnswer } from "../generative/criteria-answer.ts";
import type { Settled } from "../generative/reading.ts";
import { type RubricScore, scoreRubric } from "../generative/rubric-score.ts";
import { presentable, tooFewRead } from "../generative/sampling.ts";
import { voteScores } from "../generative/votes.ts";
import type { RubricConfig } from "./params.ts";

/** What one sample says of every criterion, in order; null where it says nothing. */
export type JudgedSample =
  | { readonly status: "read"; readonly answers: readonly (CriterionAnswer | null)[] }
  | { readonly status: "unreadable"; readonly why: string };

/** How answers become a score. */
export interface Weighing extends Pick<RubricConfig, "score" | "brokenRule"> {
  /** Fewest samples that must have a score. */
  readonly minValid: number;
}

/** A sample with its score. */
interface ScoredSample {
  readonly answers: readonly (CriterionAnswer | null)[];
  readonly score: RubricScore;
}

/** UTF-16 units of a reason that are kept. */
const REASON_LENGTH = 600;

/**
 * The mean score of the samples that have one, with what each criterion came to: its mean over those samples, in [0, 1], and the first
 * reason. The finding `rules` says how often all rules held and which did not.
 *
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when fewer than `minValid` have a score and not only since the judge left things open
 */
export function scoreSamples(
  samples: readonly JudgedSample[],
  criteria: readonly Criterion[],
  { score: mode, brokenRule, minValid }: Weighing,
): RawScore {
  const judged = samples.flatMap((sample): ScoredSample[] => {
    if (sample.status === "unreadable") return [];
    const items = criteria.map(({ hard, weight = 1 }, index) => ({
      kind: hard ? ("hard" as const) : ("principle" as const),
      weight,
      met: sample.answers[index]?.met ?? null,
    }));
    return [{ answers: sample.answers, score: scoreRubric(items, mode) }];
  });
  const scored = judged.flatMap(({ answers, score }) => (score.outcome === "scored" ? [{ answers, score }] : []));
  const values = scored.map(({ score }) => (mode === "gate" && score.gate === 0 ? brokenRule : score.score));
  const voted = voteScores(values, minValid);
  if (voted.status === "read") {
    const findings = criteria.map((criterion, index) => findingOf(criterion, judgedAnswers(scored, index)));
    return { outcome: "scored", value: voted.mean, findings: [...findings, ...rulesFinding(criteria, scored)] };
  }
  const open = judged.find(({ score }) => score.outcome === "abstained")?.score;
  if (open?.outcome === "abstained" && samples.every(({ status }) => status === "read")) return open;
  throw tooFewRead(samples, voted.valid);
}

/**
 * The mean of total scores, with the reasoning of the first.
 *
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when fewer than `minValid` can be read
 */
export function scoreTotals(samples: readonly Settled<{ readonly score: number; readonly words: string }>[], minValid: number): RawScore {
  const read = samples.flatMap((sample) => (sample.status === "read" ? [sample.value] : []));
  const voted = voteScores(
    read.map(({ score }) => score),
    minValid,
  );
  if (voted.status === "tooFew") throw tooFewRead(samples, voted.valid);
  return { outcome: "scored", value: voted.mean, critique: read[0]!.words };
}

function judgedAnswers(samples: readonly ScoredSample[], index: number): CriterionAnswer[] {
  return samples.flatMap(({ answers }) => answers[index] ?? []);
}

function findingOf({ name }: Criterion, answers: readonly CriterionAnswer[]): Finding {
  if (answers.length === 0) return { name, text: "not judged" };
  return { name, value: meanOf(answers.map(({ met }) => met)), text: presentable(answers[0]!.words, REASON_LENGTH) };
}

function rulesFinding(
  criteria: readonly Criterion[],
  samples: readonly (ScoredSample & { readonly score: { readonly outcome: "scored" } })[],
): Finding[] {
  if (!criteria.some(({ hard }) => hard)) return [];
  const broken = criteria.filter(({ hard }, index) => hard && judgedAnswers(samples, index).some(({ met }) => met < 1));
  const value = meanOf(samples.map(({ score }) => score.gate));
  return [
    broken.length === 0 ? { name: "rules", value } : { name: "rules", value, text: `broken: ${broken.map(({ name }) => name).join(", ")}` },
  ];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
