import { z } from "zod";
import type { Criterion } from "../../domain/item.ts";
import { CHAT_JUDGE_KEYS, canBePrecise, ENOUGH_SAMPLES, NEVER_PRECISE, SAMPLING_KEYS, TOLERANCE_KEYS } from "../generative/chat-params.ts";
import { dependencyOrder } from "../generative/checklist-dependencies.ts";
import { splitting } from "../process/params.ts";

/** Most items of one checklist: all are read with every part of a conversation that is judged. */
const MAX_ITEMS = 64;

const LIST = {
  items: z
    .array(
      z
        .strictObject({
          name: z.string().min(1).max(128).describe("Name, unique in the checklist; findings carry it."),
          text: z.string().trim().min(1).describe("What must be so for the item to pass, decidable with yes or no."),
          weight: z.number().gt(0).max(1e6).default(1).describe("Share in the score, relative to the others. Default 1."),
          mustPass: z.boolean().default(false).describe("Whether all is worth 0 without it. Default false."),
          dependsOn: z.array(z.string()).default([]).describe("Names of items without which this one does not count. Default none."),
          cite: z
            .boolean()
            .default(true)
            .describe("Whether passing takes a quotation. Set false for what cannot be quoted, as the absence of something. Default true."),
        })
        .describe("An item of the checklist."),
    )
    .min(1)
    .max(MAX_ITEMS)
    .describe("Items of the checklist."),
};
type List = z.output<z.ZodObject<typeof LIST>>;

/** Whether names are distinct and each dependency leads to an item and back to none. */
function holdsTogether({ items }: List): boolean {
  const names = items.map(({ name }) => name);
  if (new Set(names).size < names.length) return false;
  try {
    dependencyOrder(items.map(({ dependsOn }) => ({ weight: 1, dependsOn: dependsOn.map((name) => names.indexOf(name)) })));
    return true;
  } catch {
    return false;
  }
}
const TOGETHER = { error: "names are given once, and `dependsOn` names other items of the checklist, never in a circle", path: ["items"] };

/** A file with a checklist. */
export const checklistFileSchema = z
  .strictObject({
    apiVersion: z.literal("rewardgate/v1").describe("Version of this format."),
    name: z.string().min(1).describe("Name of the checklist, for people."),
    version: z.union([z.string().min(1), z.int().min(0)]).describe("Version of the checklist, for people."),
    description: z.string().min(1).optional().describe("What it is for, and where it comes from."),
    ...LIST,
  })
  .refine(holdsTogether, TOGETHER);

/** An item of a checklist, wherever it came from. */
export interface ChecklistItem extends Criterion {
  /** Whether passing takes a quotation. Absent means yes. */
  readonly cite?: boolean;
}

/** The items of a file, as criteria. */
export function itemsOf({ items }: List): ChecklistItem[] {
  return items.map(({ mustPass, ...item }) => ({ ...item, hard: mustPass }));
}

/** What `rewardgate.yaml` says about a judge that goes through a checklist. */
export const checklistSchema = z
  .strictObject({
    kind: z.literal("checklist").describe("A model that goes through a checklist and quotes what it saw."),
    ...CHAT_JUDGE_KEYS,
    checklist: z
      .union([
        z.strictObject({ file: z.string().min(1).describe("File with the checklist, relative to this file: docs/judges/checklist.md.") }),
        z.strictObject(LIST).refine(holdsTogether, TOGETHER),
        z.literal("request"),
      ])
      .describe("The items: a file, here, or `request` for the item's own criteria. They are part of the judge's revision."),
    scope: z
      .enum(["turn", "step", "trajectory"])
      .default("turn")
      .describe(
        "What is gone through: the last `turn`, from the last question on; each `step` of the whole conversation, where an item counts from " +
          "the first step at which it and, earlier, all that it depends on passed; or each turn of the whole `trajectory`. Default turn.",
      ),
    steps: splitting
      .optional()
      .describe("How a candidate is split into steps, under `scope: step`, where the request does not say. Default it is one step."),
    delay: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe("What an item keeps of its worth for each step that passed before it did, under `scope: step`. Default 1: all."),
    maxParts: z
      .int()
      .min(1)
      .max(256)
      .default(32)
      .describe("Most turns or steps that are gone through; an item with more is refused. Default 32."),
    minEvidence: z.int().min(1).max(200).default(12).describe("Fewest characters of a quotation. Default 12."),
    minCoverage: z
      .number()
      .gt(0)
      .max(1)
      .default(0.5)
      .describe("Least share of the weight that must be judged, by items with an answer to believe. Default 0.5."),
    ...TOLERANCE_KEYS,
    ...SAMPLING_KEYS,
    maxTokens: z.int().min(16).max(16_384).default(2048).describe("Most tokens of one answer. Default 2048."),
  })
  .refine(...ENOUGH_SAMPLES)
  .refine((params) => canBePrecise(params), NEVER_PRECISE)
  .describe("A judge that goes through a checklist and quotes what it saw, behind a chat server.");

export type ChecklistConfig = z.output<typeof checklistSchema>;
