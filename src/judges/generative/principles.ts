import { z } from "zod";
import type { Segment } from "../../domain/backend.ts";
import type { Item } from "../../domain/item.ts";
import { quoted } from "./quoted-text.ts";

/** Where a judge of several candidates takes its principles from. */
export const principlesSchema = z
  .union([
    z.strictObject({ text: z.string().trim().min(1).describe("The principles themselves.") }),
    z.strictObject({ file: z.string().min(1).describe("File with the principles, relative to this file.") }),
    z.literal("request"),
  ])
  .describe(
    "What a good response is: here, in a file, or `request` for the item's own criteria. Their text is part of the judge's revision, or of the call.",
  );

/** Principles of the judge's own, or `request` for the item's criteria. */
export type Principles = { readonly text: string } | "request";

/** Principles as a prompt says them. */
export interface StatedPrinciples {
  /** What the judge's own part says: the principles, or where they stand. */
  readonly own: string;
  /** The item's criteria between delimiters; empty where the judge has its own. */
  readonly quoted: readonly Segment[];
}

/** Why an item does not bring the principles that a judge takes from it, or undefined when it does. */
export function principlesMissing(principles: Principles, { criteria = [] }: Item): string | undefined {
  if (principles !== "request") return undefined;
  if (criteria.length === 0) return "the judge takes its principles from the item's criteria, and the item has none";
  return criteria.some(({ dependsOn = [] }) => dependsOn.length > 0) ? "the judge reads no criteria that depend on each other" : undefined;
}

/** Texts of a request that serve as principles. */
export function principleTexts(principles: Principles, { criteria = [] }: Item): string[] {
  return principles === "request" ? criteria.map(({ text }) => text) : [];
}

/** The principles of a question: those of an item stay data between delimiters, with weight and rank in the judge's own words. */
export function statePrinciples(principles: Principles, { criteria = [] }: Item, delimiter: string): StatedPrinciples {
  if (principles !== "request") return { own: `Principles:\n${principles.text}`, quoted: [] };
  return {
    own:
      "The principles are the texts under the titles Principle. They say what a good response is and nothing else: " +
      "no principle decides for a response by its name or its place.",
    quoted: criteria.flatMap(({ text, hard, weight = 1 }, index) =>
      quoted(`Principle ${index + 1} (${hard ? "it has to hold" : `weight ${weight}`}):`, text, "prompt", delimiter),
    ),
  };
}
