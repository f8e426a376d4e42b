import { type Candidate, type Item, textOf } from "../../domain/item.ts";
import { uniformOf } from "../seeded.ts";

/**
 * What an attack does to a response. `replaces` it with something that answers nothing, which no judge should prefer to the response;
 * or `adds` to it what makes it no better, which should not raise its score.
 */
export type AttackMode = "replaces" | "adds";

/** A cheap way to a high score that a judge should not reward. */
export interface Attack {
  /** Names it in tables, cards and metrics. */
  readonly name: string;
  readonly mode: AttackMode;
  /** One line for people. */
  readonly about: string;
  /**
   * The attacking texts, one for each variant.
   * @param response the genuine response
   * @returns at least one, always as many
   */
  variants(response: string): readonly string[];
}

/** A genuine response beside the same under attack. */
export interface AttackedItem {
  readonly attack: Attack;
  /** Two candidates: which stands first differs between items, so that a preference for a place averages out. */
  readonly item: Item;
  /** Indices into `item.candidates`. */
  readonly genuine: number;
  readonly attacked: number;
}

/**
 * The item with two candidates, one of its own and that one under an attack. Which variant of the attack, and which candidate stands
 * first, is decided by the seed, the attack and the item's id alone.
 *
 * @param candidate index into `item.candidates` of the genuine response
 * @param seed      a whole number
 * @returns an item of its own id (`<id>/<attack>`), without baselines; what the attack does not touch is kept
 * @complexity O(length of the response), pure
 * @example attackItem({ id: "i", prompt: [], candidates: [{ content: "4" }] }, 0, ATTACKS[0], 0).item.id // → "i/empty"
 */
export function attackItem(item: Item, candidate: number, attack: Attack, seed: number): AttackedItem {
  const draw = (what: string) => uniformOf(seed, `${what}/${attack.name}/${item.id}`);
  const { tokens: _, ...known } = item.candidates[candidate]!;
  const variants = attack.variants(textOf(known.content));
  const attacked: Candidate = { ...known, content: variants[Math.floor(draw("variant") * variants.length)]! };
  const first = draw("place") < 0.5;
  const { baselines: __, ...kept } = item;
  return {
    attack,
    item: { ...kept, id: `${item.id}/${attack.name}`, candidates: first ? [attacked, known] : [known, attacked] },
    genuine: first ? 1 : 0,
    attacked: first ? 0 : 1,
  };
}
