import { type Item, textOf } from "../../domain/item.ts";
import { drawnOrder } from "../generative/drawn.ts";
import type { ComparingParams } from "./params.ts";

/** Who is compared: the candidates of an item, and behind them what they are compared with besides each other. */
export interface Contest {
  readonly texts: readonly string[];
  /** The first so many texts are candidates. */
  readonly candidates: number;
  /** What an opponent is called in findings. */
  nameOf(contestant: number): string;
}

/** Two contestants, one of them a candidate. */
export type Pair = readonly [number, number];

export function contestOf(item: Item, opponents: ComparingParams["opponents"]): Contest {
  const candidates = item.candidates.map(({ content }) => textOf(content));
  const count = candidates.length;
  if (opponents === "reference") {
    return { texts: [...candidates, item.reference!], candidates: count, nameOf: (index) => (index < count ? String(index) : "reference") };
  }
  const baselines = opponents === "baselines" ? item.baselines!.map(({ content }) => textOf(content)) : [];
  return {
    texts: [...candidates, ...baselines],
    candidates: count,
    nameOf: (index) => (index < count ? String(index) : `baseline ${index - count}`),
  };
}

/** Why there is nobody to compare with, or undefined when there is. */
export function opponentsMissing(item: Item, opponents: ComparingParams["opponents"]): string | undefined {
  if (opponents === "reference") {
    return (item.reference ?? "").trim() === "" ? "the judge compares with the item's reference, and the item has none" : undefined;
  }
  if (opponents === "baselines") {
    return (item.baselines ?? []).length === 0 ? "the judge compares with the item's baselines, and the item has none" : undefined;
  }
  return item.candidates.length < 2 ? "the judge compares candidates with each other, and the item has one" : undefined;
}

/** Every pair of a contest that is not a knockout, in order. */
export function pairsOf({ texts, candidates }: Contest): Pair[] {
  const pairs: Pair[] = [];
  const extra = texts.length > candidates;
  for (let i = 0; i < candidates; i++) for (let j = extra ? candidates : i + 1; j < texts.length; j++) pairs.push([i, j]);
  return pairs;
}

/** How many pairs a contest compares: all of them, or those of a knockout. */
export function comparisonsOf({ texts, candidates }: Contest, opponents: ComparingParams["opponents"]): number {
  if (opponents === "knockout") return candidates - 1;
  return opponents === "all" ? (candidates * (candidates - 1)) / 2 : candidates * (texts.length - candidates);
}

/** The orders in which a pair is shown: both, or one that its texts decide, so that no place in the request is always first. */
export function ordersOf([one, other]: Pair, { texts }: Contest, orders: ComparingParams["orders"]): readonly Pair[] {
  const [a, b] = one < other ? [one, other] : [other, one];
  if (orders === "both")
    return [
      [a, b],
      [b, a],
    ];
  return [drawnOrder(2, `${texts[a]}\n${texts[b]}`)[0] === 0 ? [a, b] : [b, a]];
}
