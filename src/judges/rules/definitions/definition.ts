import type { z } from "zod";
import { GatewayError } from "../../../domain/errors.ts";
import { type Candidate, type Item, textOf } from "../../../domain/item.ts";
import type { Finding } from "../../../domain/judge.ts";
import type { ScoreSpace } from "../../../domain/score-space.ts";

/** A score, a score with what it was made from, or why there is none. */
export type RuleScore = number | { readonly score: number; readonly findings: readonly Finding[] } | { readonly abstains: string };

/** What a rule makes of an item; the answer scores its candidates by index. Work that all candidates share is done once. */
export type ReadItem = (item: Item) => (candidate: number) => RuleScore;

/** A rule that a judge may follow. */
export interface RuleDefinition<P extends { readonly rule: string } = { readonly rule: string }> {
  /** Strict schema of the judge's entry in the configuration; `rule` is the literal that names the rule, described. */
  readonly params: z.ZodType<P> & z.core.$ZodTypeDiscriminable & { readonly shape: { readonly rule: z.ZodType<P["rule"]> } };
  /** Raised whenever the same text may get another score, so that revisions change. */
  readonly version: number;
  readonly space: ScoreSpace;
  /** Whether it compares with the item's reference; an item without one is not applicable then. */
  readonly readsReference: boolean;
  /** Why it does not cover an item that has what it reads, or undefined when it does. */
  notApplicable?(item: Item, params: P): string | undefined;
  /** @throws {GatewayError} CONFIG_INVALID when a pattern or a schema among the parameters is not usable */
  create(params: P): ReadItem | Promise<ReadItem>;
}

/** Lets a definition's schema give the type of its parameters. */
export function defineRule<P extends { readonly rule: string }>(definition: RuleDefinition<P>): RuleDefinition<P> {
  return definition;
}

/** Longest text of a candidate or a reference that a rule reads, UTF-16 units: rules run between the requests of others. */
const MAX_RULE_TEXT = 65_536;

/**
 * The text of a candidate.
 * @throws {GatewayError} ITEM_TOO_LONG
 */
export function candidateText({ content }: Candidate): string {
  return bounded(textOf(content), "the candidate");
}

/** Whether {@link candidateText} gives the text of a candidate. */
export function isReadable({ content }: Candidate): boolean {
  return textOf(content).length <= MAX_RULE_TEXT;
}

/**
 * The reference of an item that has one.
 * @throws {GatewayError} ITEM_TOO_LONG
 */
export function referenceText({ reference }: Item): string {
  return bounded(reference!, "the reference");
}

/** A rule that looks at one text at a time. */
export function pointwise(read: (text: string, candidate: Candidate, item: Item) => RuleScore): ReadItem {
  return (item) => (index) => {
    const candidate = item.candidates[index]!;
    return read(candidateText(candidate), candidate, item);
  };
}

/** Why a judge has no score for any candidate of an item whose reference says nothing to its rule. */
export const UNREADABLE_REFERENCE = "the item's reference cannot be read by this rule; send one of the form that the rule compares";

/** The score of a candidate without an answer that the rule can read: 0 like a wrong one, and the finding tells them apart. */
export const NO_ANSWER = { score: 0, findings: [{ name: "answer read", value: 0 }] } as const satisfies RuleScore;

/** A rule that compares each text with the item's reference, which is read once. */
export function againstReference<G>(readGold: (reference: string) => G | null, score: (text: string, gold: G) => RuleScore): ReadItem {
  return (item) => {
    const gold = readGold(referenceText(item));
    if (gold === null) return () => ({ abstains: UNREADABLE_REFERENCE });
    return (index) => score(candidateText(item.candidates[index]!), gold);
  };
}

function bounded(text: string, what: string): string {
  if (text.length <= MAX_RULE_TEXT) return text;
  throw new GatewayError("ITEM_TOO_LONG", `${what} has ${text.length} UTF-16 units and a rule reads ${MAX_RULE_TEXT}; send less text`, {
    details: { limit: MAX_RULE_TEXT },
  });
}
