import type { Criterion } from "../../domain/item.ts";
import type { Finding, RawScore } from "../../domain/judge.ts";
import { presentable } from "../../domain/presentable.ts";
import type { Optional } from "../../reward/missing.ts";
import type { CriterionAnswer } from "../generative/criteria-answer.ts";
import type { Settled } from "../generative/reading.ts";
import { type RubricScore, scoreRubric } from "../generative/rubric-score.ts";
import { tooFewRead } from "../generative/sampling.ts";
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

/** The score of each sample, in [0, 1], null where it has none. */
export function votesOf(
  samples: readonly JudgedSample[],
  criteria: readonly Criterion[],
  weighing: Omit<Weighing, "minValid">,
): Optional[] {
  return samples.map((sample) => {
    const judged = judgedSample(sample, criteria, weighing);
    return judged === undefined ? null : numberOf(judged, weighing);
  });
}

/**
 * The mean score of the samples that have one, with what each criterion came to: its mean over those samples, in [0, 1], and the first
 * reason. The finding `rules` says how often all rules held and which did not.
 *
 * @param drawn how the samples were drawn, said behind what they say
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when fewer than `minValid` have a score and not only since the judge left things open
 */
export function scoreSamples(
  samples: readonly JudgedSample[],
  criteria: readonly Criterion[],
  weighing: Weighing,
  drawn: readonly Finding[] = [],
): RawScore {
  const judged = samples.flatMap((sample) => judgedSample(sample, criteria, weighing) ?? []);
  const scored = judged.flatMap(({ answers, score }) => (score.outcome === "scored" ? [{ answers, score }] : []));
  const voted = voteScores(votesOf(samples, criteria, weighing), weighing.minValid);
  if (voted.status === "read") {
    const findings = criteria.map((criterion, index) => findingOf(criterion, judgedAnswers(scored, index)));
    return { outcome: "scored", value: voted.mean, findings: [...findings, ...rulesFinding(criteria, scored), ...drawn] };
  }
  const open = judged.find(({ score }) => score.outcome === "abstained")?.score;
  if (open?.outcome === "abstained" && samples.every(({ status }) => status === "read")) return open;
  throw tooFewRead(samples, voted.valid);
}

/** What a sample's answers come to; undefined where it could not be read. */
function judgedSample(sample: JudgedSample, criteria: readonly Criterion[], { score }: Pick<Weighing, "score">): ScoredSample | undefined {
  if (sample.status === "unreadable") return undefined;
  const items = criteria.map(({ hard, weight = 1 }, index) => ({
    kind: hard ? ("hard" as const) : ("principle" as const),
    weight,
    met: sample.answers[index]?.met ?? null,
  }));
  return { answers: sample.answers, score: scoreRubric(items, score) };
}

/** The number of a sample; null where it leaves too much open. */
function numberOf({ score }: ScoredSample, { score: mode, brokenRule }: Omit<Weighing, "minValid">): Optional {
  if (score.outcome !== "scored") return null;
  return mode === "gate" && score.gate === 0 ? brokenRule : score.score;
}

/** A total score with its reasoning, or why there is none. */
type Total = Settled<{ readonly score: number; readonly words: string }>;

/** The total score of each sample, in [0, 1], null where it could not be read. */
export function totalVotes(samples: readonly Total[]): Optional[] {
  return samples.map((sample) => (sample.status === "read" ? sample.value.score : null));
}

/**
 * The mean of total scores, with the reasoning of the first.
 *
 * @param drawn how the samples were drawn
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when fewer than `minValid` can be read
 */
export function scoreTotals(samples: readonly Total[], minValid: number, drawn: readonly Finding[] = []): RawScore {
  const voted = voteScores(totalVotes(samples), minValid);
  const first = samples.find((sample) => sample.status === "read");
  if (voted.status === "tooFew" || first === undefined) throw tooFewRead(samples, voted.valid);
  return { outcome: "scored", value: voted.mean, critique: first.value.words, ...(drawn.length > 0 && { findings: drawn }) };
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
