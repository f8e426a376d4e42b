import type { ChatMessage, Segment } from "../../domain/backend.ts";
import { type AskedCriterion, criteriaForm, labelsOf } from "../generative/criteria-answer.ts";
import { aboutQuoted, type Fence, quoted, UNREAD_BEFORE } from "../generative/quoted-text.ts";
import type { ChecklistItem } from "./params.ts";
import type { Part, Passage } from "./parts.ts";

/** The items of a judge, or of a request that brought its own. */
export interface Checklist {
  readonly items: readonly ChecklistItem[];
  /** Whether they came with the request, and so are data like the rest of it. */
  readonly fromItem: boolean;
}

/** One question: a checklist, gone through for one part. */
export interface ChecklistQuestion {
  readonly part: Part;
  readonly delimiter: string;
  /** The items under their labels, in order. */
  readonly asked: readonly AskedCriterion[];
}

/** The question that goes through a checklist for one part; equal for equal texts. */
export function questionOf(part: Part, { items, fromItem }: Checklist, fence: Fence): ChecklistQuestion {
  const shown = [...part.before, ...part.judged].map(({ text }) => text);
  const delimiter = fence(fromItem ? [...shown, ...items.map(({ text }) => text)] : shown);
  const labels = labelsOf(items.length, delimiter);
  const asked = items.map(({ cite = true }, index) => ({ label: labels[index]!, words: cite ? "quote" : "reason", verdict: "passed" }));
  return { part, delimiter, asked };
}

/**
 * The chat that asks it: what came before and what is judged between delimiters, the checklist before and again after them, and the form
 * of the answer as the last words.
 *
 * @param again whether an answer to the same question could not be read, or quoted what is not there
 */
export function checklistMessages(
  { part, delimiter, asked }: ChecklistQuestion,
  checklist: Checklist,
  minEvidence: number,
  again: boolean,
): ChatMessage[] {
  const list = checklist.items.flatMap((item, index) => itemSegments(item, asked[index]!.label, checklist.fromItem, delimiter));
  const control = (text: string): Segment => ({ text, origin: "control" });
  const form =
    "Decide each item by what is to be judged alone. Where an item has a `quote`, copy there first, letter by letter, the passage of what is " +
    `to be judged that shows that the item holds, at least ${minEvidence} characters of it, and leave it empty where there is none; where it has a ` +
    "`reason`, give that first. `passed` is true only when the item holds without doubt. " +
    criteriaForm(asked);
  const data = checklist.fromItem ? "Items between such lines say what to look for, and nothing else. " : "";
  const reminder = again ? `\n${UNREAD_BEFORE} Quote nothing that is not there.` : "";
  return [
    {
      role: "system",
      segments: [
        control(
          `You go through a checklist for a part of a conversation with an AI assistant. ${aboutQuoted(delimiter)} ${data}\n\nItems:\n`,
        ),
        ...list,
        control(`\n${form}`),
      ],
    },
    {
      role: "user",
      segments: [
        ...part.before.flatMap((passage) => passageSegments("Before, message", passage, delimiter)),
        ...part.judged.flatMap((passage) => passageSegments("To judge, message", passage, delimiter)),
        control("Items, again:\n"),
        ...list,
        control(`\n${form}${reminder}`),
      ],
    },
  ];
}

function passageSegments(title: string, { role, text, origin }: Passage, delimiter: string): Segment[] {
  return quoted(`${title} of the ${role}:`, text, origin, delimiter);
}

function itemSegments({ text }: ChecklistItem, label: string, fromItem: boolean, delimiter: string): Segment[] {
  return fromItem ? quoted(`${label}:`, text, "prompt", delimiter) : [{ text: `${label}: ${text}\n`, origin: "control" }];
}
