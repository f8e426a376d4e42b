import type { CallResult, ChatCall } from "../domain/backend.ts";
import type { Item } from "../domain/item.ts";
import type { Ask, Finding, Judge, RawScore } from "../domain/judge.ts";
import type { Optional } from "../reward/missing.ts";
import type { ChecklistConfig, ChecklistItem } from "./checklist/params.ts";
import { partsOf } from "./checklist/parts.ts";
import { type Checklist, type ChecklistQuestion, checklistMessages, questionOf } from "./checklist/prompt.ts";
import { type ItemAnswer, type PartAnswer, readPart } from "./checklist/read-part.ts";
import { type PartsScore, scoreParts } from "./checklist/score-parts.ts";
import { criteriaSchema } from "./generative/criteria-answer.ts";
import { chatsOf, createDrawing } from "./generative/drawing.ts";
import type { Fence } from "./generative/quoted-text.ts";
import { answersTo, askAgain, tooFewRead } from "./generative/sampling.ts";
import { voteScores } from "./generative/votes.ts";
import { foreignToText, TEXT_ONLY } from "./shared/chat-asks.ts";

export { type ChecklistConfig, type ChecklistItem, checklistFileSchema, checklistSchema, itemsOf } from "./checklist/params.ts";

/** What such a judge is made from, besides its configuration. */
export interface ChecklistSpec {
  readonly name: string;
  readonly revision: string;
  /** Items with distinct names; absent where each request brings its own. */
  readonly items: readonly ChecklistItem[] | undefined;
  readonly fence: Fence;
}

/** Version of prompts and readers; part of the revision of every judge of this kind. */
export const CHECKLIST_VERSION = 1;

/**
 * A generative judge that goes through a checklist of yes-or-no items and quotes what it saw.
 *
 * Asks: per candidate and sample one chat for each part that is gone through, the last turn or every turn or step; what could not be read,
 * or quotes what is not there, once more, and further samples until their mean is settled. Reads: a JSON object with a quotation and a verdict per item; the quotation must occur. Scale:
 * unit. Sees no other candidate. Known bias: passes what is claimed loudly, and finds a quotation for nearly anything in long text.
 *
 * @see Zhang et al. 2026, CM2: Reinforcement Learning with Checklist Rewards for Multi-Turn and Multi-Step Agentic Tool Use, arXiv:2602.12268
 */
export function createChecklistJudge({ name, revision, items, fence }: ChecklistSpec, config: ChecklistConfig): Judge {
  const drawing = createDrawing(config);
  const checklistFor = (item: Item): Checklist => ({ items: items ?? item.criteria ?? [], fromItem: items === undefined });

  /** The questions of one sample, in the order of the parts. */
  function questionsFor(item: Item, candidate: number): ChecklistQuestion[] {
    const checklist = checklistFor(item);
    return partsOf(item, candidate, config).map((part) => questionOf(part, checklist, fence));
  }

  /** The calls with these indices, or all; those of one sample stand together, in the order of the parts. */
  function callsFor(item: Item, candidate: number, indices: readonly number[] | undefined, again: boolean): ChatCall[] {
    const checklist = checklistFor(item);
    const questions = questionsFor(item, candidate);
    const wanted = indices ?? Array.from({ length: questions.length * drawing.first }, (_, index) => index);
    return wanted.map((index) => {
      const question = questions[index % questions.length]!;
      return {
        type: "chat",
        messages: checklistMessages(question, checklist, config.minEvidence, again),
        schema: criteriaSchema(question.asked),
        alternatives: 0,
        sampling: drawing.samplings[Math.floor(index / questions.length)]!,
      };
    });
  }

  /** The calls that a candidate begins with; none for one that cannot be gone through, which `followUp` then says of it alone. */
  function firstCalls(item: Item, candidate: number): ChatCall[] {
    try {
      return callsFor(item, candidate, undefined, false);
    } catch {
      return [];
    }
  }

  function read(ask: Ask, results: readonly CallResult[], item: Item, questions: readonly ChecklistQuestion[]): PartAnswer[] {
    const checklist = checklistFor(item);
    return answersTo(ask, results, (completion, index) =>
      readPart(completion, questions[index % questions.length]!, checklist.items, config),
    );
  }

  /** What the answers come to, sample by sample. */
  function samplesOf(answers: readonly PartAnswer[], item: Item, questions: readonly ChecklistQuestion[]): Sample[] {
    const names = questions.map(({ part }) => part.name);
    return Array.from({ length: answers.length / names.length }, (_, sample): Sample => {
      const parts = answers.slice(sample * names.length, (sample + 1) * names.length);
      const unread = parts.find((part) => part.items === undefined);
      if (unread?.status === "unreadable") return unread;
      const scored = scoreParts(
        checklistFor(item).items,
        names,
        parts.map((part): readonly ItemAnswer[] => part.items!),
        config,
      );
      if (scored.score !== null && scored.coverage >= config.minCoverage) return { status: "read", scored };
      return { status: "unreadable", why: "too many items have no answer, or quote what is not there" };
    });
  }

  return {
    name,
    revision,
    kind: "checklist",
    backend: config.backend,
    space: "unit",
    determinism: { class: "none" },
    accepts: TEXT_ONLY,
    notApplicable(item) {
      const none = checklistFor(item).items.length === 0;
      return foreignToText(item) ?? (none ? "the judge takes its checklist from the item's criteria and it brings none" : undefined);
    },
    encode: (item) =>
      item.candidates.map((_, candidate) => ({
        candidates: [candidate],
        calls: firstCalls(item, candidate),
        ...(items === undefined && { reads: JSON.stringify(item.criteria) }),
      })),
    maxFollowUps: drawing.maxFollowUps,
    followUp(ask, results, item) {
      const candidate = ask.candidates[0]!;
      const questions = questionsFor(item, candidate);
      const answers = read(ask, results, item, questions);
      const votes = votesOf(samplesOf(answers, item, questions));
      return (
        askAgain(ask, results, answers, (unread) => callsFor(item, candidate, unread, true)) ??
        drawing.next(ask, results, votes, questions.length, (next) => callsFor(item, candidate, next, false))
      );
    },
    decode(ask, results, item) {
      const questions = questionsFor(item, ask.candidates[0]!);
      const samples = samplesOf(read(ask, results, item, questions), item, questions);
      return [scoreOf(samples, drawing.leastValid(samples.length), drawing.findings(chatsOf(ask), votesOf(samples)))];
    },
  };
}

type Sample = { readonly status: "read"; readonly scored: PartsScore } | { readonly status: "unreadable"; readonly why: string };

/** The score of each sample, null where it has none. */
function votesOf(samples: readonly Sample[]): Optional[] {
  return samples.map((sample) => (sample.status === "read" ? sample.scored.score : null));
}

/**
 * The mean score of the samples that have one, with the findings of the first.
 *
 * @param drawn how the samples were drawn, said behind what they say
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when fewer than `minValid` have one
 */
function scoreOf(samples: readonly Sample[], minValid: number, drawn: readonly Finding[]): RawScore {
  const voted = voteScores(votesOf(samples), minValid);
  const first = samples.find((sample) => sample.status === "read");
  if (voted.status === "tooFew" || first === undefined) throw tooFewRead(samples, voted.valid);
  return { outcome: "scored", value: voted.mean, findings: [...first.scored.findings, ...drawn] };
}
