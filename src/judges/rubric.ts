import type { CallResult, ChatCall, Completion } from "../domain/backend.ts";
import type { Criterion, Item } from "../domain/item.ts";
import type { Ask, Judge, RawScore } from "../domain/judge.ts";
import { presentable } from "../domain/presentable.ts";
import { answerOf } from "./generative/answer-text.ts";
import { type CriterionAnswer, criteriaSchema, readCriteria } from "./generative/criteria-answer.ts";
import { chatsOf, createDrawing } from "./generative/drawing.ts";
import { type Fence, untrustedTexts } from "./generative/quoted-text.ts";
import { type Settled, settle } from "./generative/reading.ts";
import { answersTo, askAgain } from "./generative/sampling.ts";
import { parseTotalScore } from "./generative/total-score.ts";
import type { RubricConfig } from "./rubric/params.ts";
import { askedOf, delimiterOf, HIGHEST_TOTAL, type Rubric, rubricMessages } from "./rubric/prompt.ts";
import { type JudgedSample, scoreSamples, scoreTotals, totalVotes, votesOf } from "./rubric/score-samples.ts";
import { foreignToText, TEXT_ONLY } from "./shared/chat-asks.ts";

export { criteriaOf, type RubricConfig, rubricFileSchema, rubricSchema } from "./rubric/params.ts";

/** What such a judge is made from, besides its configuration. */
export interface RubricSpec {
  readonly name: string;
  readonly revision: string;
  /** Rules and principles, with distinct names; absent where each item brings its own. */
  readonly criteria: readonly Criterion[] | undefined;
  readonly fence: Fence;
}

/** Version of prompts and readers; part of the revision of every judge of this kind. */
export const RUBRIC_VERSION = 1;

type Answers = readonly (CriterionAnswer | null)[];

/**
 * A generative judge that checks hard rules and grades principles.
 *
 * Asks: per candidate and sample one chat about all criteria, or one about each; what could not be read once more, and further samples until
 * their mean is settled. Reads: a JSON object
 * with a reason and a verdict per criterion, or the total score behind free reasoning. Scale: unit. Sees no other candidate. Known bias:
 * favours long and confident text, and is lenient with rules that ask for the absence of something.
 *
 * @see Liu et al. 2025, OpenRubrics: Towards Scalable Synthetic Rubric Generation for Reward Modeling and LLM Alignment, arXiv:2510.07743
 * @see Yuan et al. 2025, Curing Miracle Steps in LLM Mathematical Reasoning with Rubric Rewards, arXiv:2510.07774, for the total score
 */
export function createRubricJudge({ name, revision, criteria, fence }: RubricSpec, config: RubricConfig): Judge {
  const { judging, grades, tolerate } = config;
  const drawing = createDrawing(config);
  const rubricFor = (item: Item): Rubric => ({ criteria: criteria ?? item.criteria ?? [], fromItem: criteria === undefined });

  /** Indices of the criteria that each call of a sample asks about. */
  function groupsOf(rubric: Rubric): readonly (readonly number[])[] {
    const all = [...rubric.criteria.keys()];
    return judging === "apart" ? all.map((index) => [index]) : [all];
  }

  /** The calls with these indices; those of one sample stand together, and differ by what they ask about. */
  function callsFor(item: Item, candidate: number, indices: readonly number[] | undefined, again: boolean): ChatCall[] {
    const rubric = rubricFor(item);
    const delimiter = delimiterOf(item, candidate, rubric, fence);
    const asked = judging === "total" ? undefined : askedOf(rubric, delimiter, grades);
    const groups = groupsOf(rubric);
    const questions = groups.map((about) => ({
      type: "chat" as const,
      messages: rubricMessages({ item, candidate, rubric, delimiter, about, asked, again }),
      ...(asked && { schema: criteriaSchema(about.map((index) => asked[index]!)) }),
      alternatives: 0,
    }));
    const wanted = indices ?? Array.from({ length: groups.length * drawing.first }, (_, index) => index);
    return wanted.map((index) => ({
      ...questions[index % groups.length]!,
      sampling: drawing.samplings[Math.floor(index / groups.length)]!,
    }));
  }

  function readAnswers(ask: Ask, results: readonly CallResult[], item: Item): Settled<Answers>[] {
    const rubric = rubricFor(item);
    const groups = groupsOf(rubric);
    const asked = askedOf(rubric, delimiterOf(item, ask.candidates[0]!, rubric, fence), grades);
    const read = (completion: Completion, index: number) => {
      const about = groups[index % groups.length]!;
      return settle(
        readCriteria(
          completion,
          about.map((criterion) => asked[criterion]!),
        ),
        tolerate,
      );
    };
    return answersTo(ask, results, read);
  }

  function readTotals(ask: Ask, results: readonly CallResult[], item: Item): Settled<{ readonly score: number; readonly words: string }>[] {
    const untrusted = untrustedTexts(item, ask.candidates[0]!);
    return answersTo(ask, results, ({ text, cut }) => {
      if (cut) return { status: "unreadable", why: "it was cut off" };
      const total = settle(parseTotalScore(text, HIGHEST_TOTAL, untrusted), tolerate);
      return total.status === "read" ? { status: "read", value: { score: total.value, words: presentable(answerOf(text)) } } : total;
    });
  }

  /** The samples that the answers make up, in order. */
  function samplesOf(answers: readonly Settled<Answers>[], item: Item): JudgedSample[] {
    const calls = groupsOf(rubricFor(item)).length;
    return Array.from({ length: answers.length / calls }, (_, sample) =>
      joined(answers.slice(sample * calls, (sample + 1) * calls), tolerate),
    );
  }

  function decode(ask: Ask, results: readonly CallResult[], item: Item): RawScore {
    if (judging === "total") {
      const totals = readTotals(ask, results, item);
      return scoreTotals(totals, drawing.leastValid(totals.length), drawing.findings(chatsOf(ask), totalVotes(totals)));
    }
    const { criteria: judged } = rubricFor(item);
    const samples = samplesOf(readAnswers(ask, results, item), item);
    const weighing = { ...config, minValid: drawing.leastValid(samples.length) };
    return scoreSamples(samples, judged, weighing, drawing.findings(chatsOf(ask), votesOf(samples, judged, config)));
  }

  /** The next sample, where one is wanted. */
  function further(ask: Ask, results: readonly CallResult[], item: Item): Ask | undefined {
    const rubric = rubricFor(item);
    const votes =
      judging === "total"
        ? totalVotes(readTotals(ask, results, item))
        : votesOf(samplesOf(readAnswers(ask, results, item), item), rubric.criteria, config);
    return drawing.next(ask, results, votes, groupsOf(rubric).length, (next) => callsFor(item, ask.candidates[0]!, next, false));
  }

  return {
    name,
    revision,
    kind: "rubric",
    backend: config.backend,
    space: "unit",
    determinism: { class: "none" },
    accepts: TEXT_ONLY,
    notApplicable: (item) => foreignToText(item) ?? (criteria === undefined ? misfitOf(item, judging) : undefined),
    encode: (item) =>
      item.candidates.map((_, candidate) => ({
        candidates: [candidate],
        calls: callsFor(item, candidate, undefined, false),
        // Their names and weights are in no call, and decide what comes of it.
        ...(criteria === undefined && { reads: JSON.stringify(item.criteria) }),
      })),
    maxFollowUps: drawing.maxFollowUps,
    followUp(ask, results, item) {
      const read = judging === "total" ? readTotals : readAnswers;
      return (
        askAgain(ask, results, read(ask, results, item), (unread) => callsFor(item, ask.candidates[0]!, unread, true)) ??
        further(ask, results, item)
      );
    },
    decode: (ask, results, item) => [decode(ask, results, item)],
  };
}

/** Why an item's own criteria are none for this judge, or undefined when they are. */
function misfitOf({ criteria = [] }: Item, judging: RubricConfig["judging"]): string | undefined {
  if (criteria.length === 0) return "the judge takes criteria from the item and it brings none";
  if (criteria.some(({ dependsOn = [] }) => dependsOn.length > 0)) {
    return "the item's criteria depend on each other, which a checklist judge reads and a rubric judge does not";
  }
  if (judging === "total" && criteria.some(({ hard }) => hard))
    return "a total score cannot tell which of the item's hard criteria is broken";
  return undefined;
}

/** The answers to all calls of one sample as one: a call that stayed unreadable leaves its criterion out, if that is tolerated. */
function joined(parts: readonly Settled<Answers>[], tolerate: RubricConfig["tolerate"]): JudgedSample {
  const unread = parts.find((part) => part.status === "unreadable");
  const nothing = parts.every((part) => part.status === "unreadable");
  if (unread?.status === "unreadable" && (nothing || !tolerate.includes("partial"))) return unread;
  return { status: "read", answers: parts.flatMap((part) => (part.status === "read" ? part.value : [null])) };
}
