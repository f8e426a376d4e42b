import { z } from "zod";
import { GatewayError } from "../../../domain/errors.ts";
import { repetitionPenalty } from "../../../reward/transforms/repetition.ts";
import { tagFormat } from "../format.ts";
import { compileJsonSchema } from "../json-schema.ts";
import { lengthBand as bandOf } from "../length-band.ts";
import { compilePattern } from "../pattern.ts";
import { defineRule, pointwise } from "./definition.ts";

/** Tagged blocks. */
export const format = defineRule({
  params: z.strictObject({
    rule: z.literal("format").describe("Whether the text is the tagged blocks, in order, and nothing else."),
    tags: z
      .array(z.string().regex(/^[A-Za-z][\w-]{0,31}$/, "use a letter, then letters, digits, _ or -, at most 32"))
      .min(1)
      .max(16)
      .default(["think", "answer"])
      .describe("Names of the blocks, in order. Default think, answer."),
    mode: z
      .enum(["strict", "lenient"])
      .default("strict")
      .describe("`strict`: each tag opens and closes once; `lenient`: a block may hold further tags. Default strict."),
  }),
  version: 1,
  space: "unit",
  readsReference: false,
  create: ({ tags, mode }) => pointwise((text) => tagFormat(text, tags)[mode]),
});

/** Closeness of the length to a band. */
export const lengthBand = defineRule({
  params: z
    .strictObject({
      rule: z.literal("lengthBand").describe("1 for a length within a band, falling to 0 outside."),
      unit: z
        .enum(["tokens", "words", "characters"])
        .default("tokens")
        .describe("`tokens`: as the request tells them; `words`: separated by spaces; `characters`: code points. Default tokens."),
      min: z.number().min(0).default(0).describe("Least length without loss. Default 0."),
      max: z.number().min(0).describe("Greatest length without loss."),
      margin: z.number().min(0).default(0).describe("Length over which the score falls from 1 to 0 on both sides. Default 0: at once."),
    })
    .refine(({ min, max }) => min <= max, { path: ["max"], message: "max is below min" }),
  version: 1,
  space: "unit",
  readsReference: false,
  create: ({ unit, ...band }) =>
    pointwise((text, { tokens }) => {
      if (unit === "characters") return bandOf(countCodePoints(text), band);
      if (unit === "words") return bandOf(wordsOf(text).length, band);
      if (tokens !== undefined) return bandOf(tokens, band);
      const remedy = "send candidates[].tokens, or measure words or characters";
      throw new GatewayError("REQUEST_INVALID", `the rule measures tokens and the candidate does not tell them; ${remedy}`);
    }),
});

/** Characters without a shape, such as zero-width spaces, and control characters that separate no words. */
const UNSEEN = /(?!\s)[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu;

/** Share of distinct n-grams. */
export const repetition = defineRule({
  params: z.strictObject({
    rule: z.literal("repetition").describe("Share of the text's n-grams of words that are distinct: 1 without repetition."),
    n: z.int().min(1).max(100).default(4).describe("Length of the n-grams, in words. Default 4."),
  }),
  version: 2,
  space: "unit",
  readsReference: false,
  create: ({ n }) =>
    pointwise((text) => {
      // Words that differ by what nobody sees are the same.
      const words = wordsOf(text.replace(UNSEEN, ""));
      const ids = new Map([...new Set(words)].map((word, id) => [word, id]));
      return (
        1 +
        repetitionPenalty(
          words.map((word) => ids.get(word)!),
          n,
          -1,
        )
      );
    }),
});

/** A pattern that occurs. */
export const pattern = defineRule({
  params: z.strictObject({
    rule: z.literal("pattern").describe("Whether a pattern occurs in the text, or does not."),
    pattern: z.string().min(1).max(1_000).describe("Regular expression of RE2: linear time, no backreferences. Anchors are yours to set."),
    expect: z.enum(["match", "noMatch"]).default("match").describe("What scores 1: that it occurs, or that it does not. Default match."),
  }),
  version: 1,
  space: "unit",
  readsReference: false,
  create: async ({ pattern, expect }) => {
    const occurs = await compilePattern(pattern);
    return pointwise((text) => (occurs(text) === (expect === "match") ? 1 : 0));
  },
});

/** JSON of a shape. */
export const jsonSchema = defineRule({
  params: z.strictObject({
    rule: z.literal("jsonSchema").describe("Whether the text is JSON that a schema accepts."),
    schema: z
      .record(z.string(), z.unknown())
      .describe(
        "JSON Schema (draft 2020-12) that the text has to satisfy as JSON. Patterns are RE2; `format` and remote `$ref` are refused.",
      ),
    fenced: z
      .boolean()
      .default(false)
      .describe("Whether the JSON may stand in one Markdown code fence that is the whole text. Default false."),
  }),
  version: 1,
  space: "unit",
  readsReference: false,
  create: async ({ schema, fenced }) => {
    const accepts = await compileJsonSchema(schema);
    return pointwise((text) => (accepts(fenced ? withoutFence(text) : text) ? 1 : 0));
  },
});

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The content of a code fence that is the whole text, else the text. */
function withoutFence(text: string): string {
  const body = text.trim();
  const lineEnd = body.indexOf("\n");
  if (lineEnd < 0 || !/^```(?:json)?\s*$/i.test(body.slice(0, lineEnd)) || !body.endsWith("\n```")) return text;
  return body.slice(lineEnd + 1, -"\n```".length);
}
