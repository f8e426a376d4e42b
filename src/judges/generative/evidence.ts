import { placesOf } from "../shared/places.ts";

/** Where a passage stands in a text: UTF-16 units, [start, end). */
export interface Passage {
  readonly start: number;
  readonly end: number;
}

/**
 * Where a passage that a judge cites as evidence stands in a text, word for word; white space may differ. A citation shorter than
 * `minLength` is none, since it would be found anywhere.
 *
 * @param minLength fewest UTF-16 units, white space squeezed
 * @returns its first place; undefined where it does not occur
 * @complexity O(length of both), pure
 * @see Zhang et al. 2026, CM2: Reinforcement Learning with Checklist Rewards for Multi-Turn and Multi-Step Agentic Tool Use, arXiv:2602.12268, for evidence that is cited; checking it is ours
 * @example locateEvidence("the tool\n failed", "Then the  tool failed.", 8) // → { start: 5, end: 21 }
 */
export function locateEvidence(citation: string, text: string, minLength: number): Passage | undefined {
  const cited = citation.replace(/\s+/g, " ").trim();
  if (cited.length < Math.max(1, minLength)) return undefined;
  const { squeezed, places } = squeeze(text);
  const [at] = placesOf(cited, squeezed);
  return at === undefined ? undefined : { start: places[at]!, end: places[at + cited.length - 1]! + 1 };
}

/**
 * Whether a passage that a judge cites as evidence really occurs in a text. See {@link locateEvidence}.
 *
 * @complexity O(length of both), pure
 * @example evidenceOccurs("the tool\n failed", "Then the tool failed.", 8) // → true
 */
export function evidenceOccurs(citation: string, text: string, minLength: number): boolean {
  return locateEvidence(citation, text, minLength) !== undefined;
}

/** A text with each run of white space as one space, and where each of its units stands in the text. */
function squeeze(text: string): { readonly squeezed: string; readonly places: readonly number[] } {
  const places: number[] = [];
  let squeezed = "";
  for (const { 0: run, index } of text.matchAll(/\s+|\S+/g)) {
    const blank = run.trim() === "";
    squeezed += blank ? " " : run;
    for (let unit = 0; unit < (blank ? 1 : run.length); unit++) places.push(index + unit);
  }
  return { squeezed, places };
}
