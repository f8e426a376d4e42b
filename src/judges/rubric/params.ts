import { z } from "zod";
import type { Criterion } from "../../domain/item.ts";
import { CHAT_JUDGE_KEYS, canBePrecise, ENOUGH_SAMPLES, NEVER_PRECISE, SAMPLING_KEYS, TOLERANCE_KEYS } from "../generative/chat-params.ts";

/** Most rules and principles of one rubric: all are read with every candidate. */
const MAX_CRITERIA = 64;

const name = z.string().min(1).max(128).describe("Name, unique in the rubric; findings carry it.");
const weight = z.number().gt(0).max(1e6).default(1).describe("Share in the score, relative to the others. Default 1.");

const LISTS = {
  rules: z
    .array(z.strictObject({ name, text: z.string().trim().min(1).describe("What must hold."), weight }).describe("A hard rule."))
    .max(MAX_CRITERIA)
    .default([])
    .describe("Hard rules: a response that breaks one does not pass. Default none."),
  principles: z
    .array(z.strictObject({ name, text: z.string().trim().min(1).describe("What a good response does."), weight }).describe("A principle."))
    .max(MAX_CRITERIA)
    .default([])
    .describe("Principles, each met more or less. Default none."),
};
type Lists = z.output<z.ZodObject<typeof LISTS>>;

function hasDistinctNames({ rules, principles }: Lists): boolean {
  const names = [...rules, ...principles].map((one) => one.name);
  return names.length > 0 && new Set(names).size === names.length;
}
const DISTINCT = { error: "a rubric has at least one rule or principle, and gives no name twice" };

/** A file with a rubric. */
export const rubricFileSchema = z
  .strictObject({
    apiVersion: z.literal("rewardgate/v1").describe("Version of this format."),
    name: z.string().min(1).describe("Name of the rubric, for people."),
    version: z.union([z.string().min(1), z.int().min(0)]).describe("Version of the rubric, for people."),
    description: z.string().min(1).optional().describe("What it is for, and where it comes from."),
    ...LISTS,
  })
  .refine(hasDistinctNames, DISTINCT);

/** Rules and principles as criteria, rules first. */
export function criteriaOf({ rules, principles }: Lists): Criterion[] {
  return [...rules.map((rule) => ({ ...rule, hard: true })), ...principles];
}

/** What `rewardgate.yaml` says about a judge that checks rules and weighs principles. */
export const rubricSchema = z
  .strictObject({
    kind: z.literal("rubric").describe("A model that checks hard rules and grades principles."),
    ...CHAT_JUDGE_KEYS,
    rubric: z
      .union([
        z.strictObject({ file: z.string().min(1).describe("File with the rubric, relative to this file: docs/judges/rubric.md.") }),
        z.strictObject(LISTS).refine(hasDistinctNames, DISTINCT),
        z.literal("request"),
      ])
      .describe("Rules and principles: a file, here, or `request` for the item's own criteria. They are part of the judge's revision."),
    judging: z
      .enum(["together", "apart", "total"])
      .default("together")
      .describe(
        "`together` asks about all rules and principles in one call, `apart` about each in a call of its own, `total` for one total score " +
          "under all principles (0 to 10, as RRM does). Default together.",
      ),
    grades: z
      .int()
      .min(1)
      .max(10)
      .default(4)
      .describe("Highest grade of a principle; grades are whole numbers from 0. Default 4. `total` has its own."),
    score: z
      .enum(["gate", "weight", "lexicographic"])
      .default("gate")
      .describe(
        "`gate`: the weighted mean of the principles where every rule holds, else `brokenRule`. `weight`: the weighted mean of rules and " +
          "principles. `lexicographic`: half for the rules together, half for the principles. Default gate.",
      ),
    brokenRule: z.number().min(0).max(1).default(0).describe("Score of a response that breaks a rule, under `score: gate`. Default 0."),
    ...TOLERANCE_KEYS,
    ...SAMPLING_KEYS,
    maxTokens: z.int().min(16).max(16_384).default(2048).describe("Most tokens of one answer. Default 2048."),
  })
  .refine(...ENOUGH_SAMPLES)
  .refine((params) => canBePrecise(params), NEVER_PRECISE)
  .refine(({ judging, rubric }) => judging !== "total" || rubric === "request" || "file" in rubric || rubric.rules.length === 0, {
    error: "a total score cannot tell which rule is broken; make the rules principles, or judge them together or apart",
    path: ["judging"],
  })
  .describe("A judge that checks hard rules and grades principles, behind a chat server.");

export type RubricConfig = z.output<typeof rubricSchema>;
