/**
 * Whether a passage that a judge cites as evidence really occurs in a text, word for word; white space may differ. A citation shorter than
 * `minLength` is none, since it would be found anywhere.
 *
 * @param minLength fewest UTF-16 units, white space squeezed
 * @complexity O(length of both), pure
 * @see Zhang et al. 2026, CM2: Reinforcement Learning with Checklist Rewards for Multi-Turn and Multi-Step Agentic Tool Use, arXiv:2602.12268, for evidence that is cited; checking it is ours
 * @example evidenceOccurs("the tool\n failed", "Then the tool failed.", 8) // → true
 */
export function evidenceOccurs(citation: string, text: string, minLength: number): boolean {
  const cited = squeezed(citation);
  return cited.length >= Math.max(1, minLength) && squeezed(text).includes(cited);
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
