import type { CallResult, ChatCall } from "../domain/backend.ts";
import type { Item } from "../domain/item.ts";
import type { Ask, Judge, RawScore } from "../domain/judge.ts";
import type { ChecklistConfig, ChecklistItem } from "./checklist/params.ts";
import { partsOf } from "./checklist/parts.ts";
import { type Checklist, type ChecklistQuestion, checklistMessages, questionOf } from "./checklist/prompt.ts";
import { type ItemAnswer, type PartAnswer, readPart } from "./checklist/read-part.ts";
import { type PartsScore, scoreParts } from "./checklist/score-parts.ts";
import { criteriaSchema } from "./generative/criteria-answer.ts";
import type { Fence } from "./generative/quoted-text.ts";
import { answersTo, askAgain, leastValid, samplingsOf, tooFewRead } from "./generative/sampling.ts";
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
 * or quotes what is not there, once more. Reads: a JSON object with a quotation and a verdict per item; the quotation must occur. Scale:
 * unit. Sees no other candidate. Known bias: passes what is claimed loudly, and finds a quotation for nearly anything in long text.
 *
 * @see Zhang et al. 2026, CM2: Reinforcement Learning with Checklist Rewards for Multi-Turn and Multi-Step Agentic Tool Use, arXiv:2602.12268
 */
export function createChecklistJudge({ name, revision, items, fence }: ChecklistSpec, config: ChecklistConfig): Judge {
  const samplings = samplingsOf(config);
  const minValid = leastValid(config);
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
    const wanted = indices ?? Array.from({ length: questions.length * samplings.length }, (_, index) => index);
    return wanted.map((index) => {
      const question = questions[index % questions.length]!;
      return {
        type: "chat",
        messages: checklistMessages(question, checklist, config.minEvidence, again),
        schema: criteriaSchema(question.asked),
        alternatives: 0,
        sampling: samplings[Math.floor(index / questions.length)]!,
      };
    });
  }

  function read(ask: Ask, results: readonly CallResult[], item: Item, questions: readonly ChecklistQuestion[]): PartAnswer[] {
    const checklist = checklistFor(item);
    return answersTo(ask, results, (completion, index) =>
      readPart(completion, questions[index % questions.length]!, checklist.items, config),
    );
  }

  function decode(ask: Ask, results: readonly CallResult[], item: Item): RawScore {
    const questions = questionsFor(item, ask.candidates[0]!);
    const answers = read(ask, results, item, questions);
    const names = questions.map(({ part }) => part.name);
    const samples = samplings.map((_, sample): Sample => {
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
    return scoreOf(samples, minValid);
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
        calls: callsFor(item, candidate, undefined, false),
        ...(items === undefined && { reads: JSON.stringify(item.criteria) }),
      })),
    followUp(ask, results, item) {
      const [candidate] = ask.candidates;
      const answers = read(ask, results, item, questionsFor(item, candidate!));
      return askAgain(ask, results, answers, (unread) => callsFor(item, candidate!, unread, true));
    },
    decode: (ask, results, item) => [decode(ask, results, item)],
  };
}

type Sample = { readonly status: "read"; readonly scored: PartsScore } | { readonly status: "unreadable"; readonly why: string };

/**
 * The mean score of the samples that have one, with the findings of the first.
 *
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when fewer than `minValid` have one
 */
function scoreOf(samples: readonly Sample[], minValid: number): RawScore {
  const read = samples.flatMap((sample) => (sample.status === "read" ? [sample.scored] : []));
  const voted = voteScores(
    read.map(({ score }) => score),
    minValid,
  );
  if (voted.status === "tooFew") throw tooFewRead(samples, voted.valid);
  return { outcome: "scored", value: voted.mean, findings: read[0]!.findings };
}
