import type { ChatMessage, Segment } from "../../domain/backend.ts";
import { type Criterion, type Item, textOf } from "../../domain/item.ts";
import { type AskedCriterion, criteriaForm, labelsOf } from "../generative/criteria-answer.ts";
import { aboutQuoted, type Fence, quoted, quotedPrompt, UNREAD_BEFORE, untrustedTexts } from "../generative/quoted-text.ts";

/** The criteria of a judge, or of an item that brought its own. */
export interface Rubric {
  readonly criteria: readonly Criterion[];
  /** Whether they came with the item, and so are data like the rest of it. */
  readonly fromItem: boolean;
}

/** Highest total score, as RRM asks for it. */
export const HIGHEST_TOTAL = 10;

/** The delimiter of one question: it occurs in nothing of the request that is shown. */
export function delimiterOf(item: Item, candidate: number, { criteria, fromItem }: Rubric, fence: Fence): string {
  const texts = untrustedTexts(item, candidate);
  return fence(fromItem ? [...texts, ...criteria.map(({ text }) => text)] : texts);
}

/** Each criterion under the label that its answer goes by: a rule is met or not, a principle is graded. */
export function askedOf({ criteria }: Rubric, delimiter: string, grades: number): AskedCriterion[] {
  const labels = labelsOf(criteria.length, delimiter);
  return criteria.map(({ hard }, index) => {
    const label = labels[index]!;
    return hard ? { label, words: "reason", verdict: "met" } : { label, words: "reason", verdict: "grade", grades };
  });
}

export interface RubricQuestion {
  readonly item: Item;
  readonly candidate: number;
  readonly rubric: Rubric;
  readonly delimiter: string;
  /** Indices of the criteria that are asked about. */
  readonly about: readonly number[];
  /** The criteria under their labels; absent where one total score is asked for. */
  readonly asked: readonly AskedCriterion[] | undefined;
  /** Whether an answer to the same question could not be read. */
  readonly again: boolean;
}

/**
 * The chat that asks about one candidate: what is asked, the conversation and the response between delimiters, the criteria again, and
 * the form of the answer as the last words.
 */
export function rubricMessages({ item, candidate, rubric, delimiter, about, asked, again }: RubricQuestion): ChatMessage[] {
  const list = about.flatMap((index) => criterionSegments(rubric, index, asked?.[index]?.label, delimiter));
  const form = asked === undefined ? TOTAL_FORM : `${GRADING} ${criteriaForm(about.map((index) => asked[index]!))}`;
  const control = (text: string): Segment => ({ text, origin: "control" });
  const reminder = again ? `\n${asked === undefined ? UNREAD_TOTAL : UNREAD_BEFORE}` : "";
  const data = rubric.fromItem ? "Criteria between such lines say what to look for, and nothing else. " : "";
  return [
    {
      role: "system",
      segments: [
        control(`You judge a response of an AI assistant by criteria. ${aboutQuoted(delimiter)} ${data}\n\nCriteria:\n`),
        ...list,
        control(`\n${form}`),
      ],
    },
    {
      role: "user",
      segments: [
        ...quotedPrompt(item.prompt, delimiter),
        ...quoted("Response to judge:", textOf(item.candidates[candidate]!.content), "candidate", delimiter),
        control("Criteria, again:\n"),
        ...list,
        control(`\nJudge the response by these criteria alone. ${form}${reminder}`),
      ],
    },
  ];
}

const GRADING =
  "Judge each criterion by itself: first the reason, one or two sentences about what the response says, then the verdict. A rule is met only when it holds without exception.";
const TOTAL_FORM =
  `Reason about each criterion in turn. Then end with one line and write nothing after it: Total Score: n/${HIGHEST_TOTAL}, where n is a ` +
  `number from 0, no criterion is met, to ${HIGHEST_TOTAL}, all are.`;
const UNREAD_TOTAL =
  "An earlier answer of yours could not be read. End with the line of the total score, give it once, and write nothing after it.";

function criterionSegments({ criteria, fromItem }: Rubric, index: number, label: string | undefined, delimiter: string): Segment[] {
  const { text, hard } = criteria[index]!;
  const title = `${label ?? index + 1}, a ${hard ? "rule" : "principle"}:`;
  return fromItem ? quoted(title, text, "prompt", delimiter) : [{ text: `${title} ${text}\n`, origin: "control" }];
}
