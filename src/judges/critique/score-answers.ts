import type { Finding, RawScore } from "../../domain/judge.ts";
import { presentable } from "../../domain/presentable.ts";
import type { Optional } from "../../reward/missing.ts";
import { tooFewRead } from "../generative/sampling.ts";
import { voteScores } from "../generative/votes.ts";
import type { ReadAnswer } from "./read-answer.ts";

/** What a judge was asked to look at, and what it weighs. */
export interface Aspect {
  readonly name: string;
  readonly weight: number;
}

type Read = Extract<ReadAnswer, { status: "read" }>;

/** UTF-16 units of an aspect's critique, or of a thought, that are kept. */
const FINDING_LENGTH = 2_000;

/** The answers of each sample, in order. */
function samplesOf<A>(answers: readonly A[], aspects: readonly Aspect[]): A[][] {
  const width = Math.max(1, aspects.length);
  return Array.from({ length: answers.length / width }, (_, index) => answers.slice(index * width, (index + 1) * width));
}

/**
 * The score of each sample, null where one of its answers has none.
 *
 * @param answers those of one sample side by side, in the order of the aspects
 * @param aspects none for a judge that looks at the whole
 */
export function votesOf(answers: readonly ReadAnswer[], aspects: readonly Aspect[]): Optional[] {
  return samplesOf(answers, aspects).map((sample) => (sample.every(isRead) ? scoreOf(sample as readonly Read[], aspects) : null));
}

function scoreOf(sample: readonly Read[], aspects: readonly Aspect[]): number {
  return aspects.length === 0 ? sample[0]!.value : weightedMean(sample, aspects);
}

/**
 * The mean over samples that were read.
 *
 * @param answers those of one sample side by side, in the order of the aspects
 * @param aspects none for a judge that looks at the whole
 * @param drawn   how they were drawn, said behind what they say
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when fewer than `minValid` samples have a value and that is not for abstaining
 */
export function scoreAnswers(
  answers: readonly ReadAnswer[],
  aspects: readonly Aspect[],
  minValid: number,
  drawn: readonly Finding[] = [],
): RawScore {
  const samples = samplesOf(answers, aspects);
  const read = samples.flatMap((sample) => (sample.every(isRead) ? [sample as readonly Read[]] : []));
  const voted = voteScores(votesOf(answers, aspects), minValid);
  if (voted.status === "read") {
    const { critique, findings } = wordsOf(read, aspects);
    const all = [...findings, ...drawn];
    return { outcome: "scored", value: voted.mean, critique, ...(all.length > 0 && { findings: all }) };
  }
  if (answers.every(({ status }) => status !== "unreadable")) {
    return { outcome: "abstained", message: "the judge's verdict was about something else: its tokens are no verdict" };
  }
  throw tooFewRead(
    samples.map((sample) => sample.find(({ status }) => status === "unreadable") ?? sample[0]!),
    voted.valid,
  );
}

function isRead(answer: ReadAnswer): answer is Read {
  return answer.status === "read";
}

function weightedMean(sample: readonly Read[], aspects: readonly Aspect[]): number {
  const total = aspects.reduce((sum, { weight }) => sum + weight, 0);
  return sample.reduce((sum, { value }, index) => sum + (aspects[index]!.weight / total) * value, 0);
}

/** The critique of the first sample, and what it came from: each aspect with its mean, or the thoughts that led to it. */
function wordsOf(read: readonly (readonly Read[])[], aspects: readonly Aspect[]): { critique: string; findings: Finding[] } {
  const [first] = read;
  if (aspects.length === 0) {
    const [{ critique, thoughts }] = first as readonly [Read];
    const findings = thoughts.map(([name, text]) => ({ name, text: presentable(text, FINDING_LENGTH) }));
    return { critique: presentable(critique), findings };
  }
  const findings = aspects.map(({ name }, index) => ({
    name,
    value: read.reduce((sum, sample) => sum + sample[index]!.value, 0) / read.length,
    text: presentable(first![index]!.critique, FINDING_LENGTH),
  }));
  const critique = aspects.map(({ name }, index) => `${name}: ${first![index]!.critique}`).join("\n");
  return { critique: presentable(critique), findings };
}
