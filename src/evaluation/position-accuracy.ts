import { sum } from "../reward/numerics.ts";

/** One judged pair. */
export interface PlacedVerdict {
  /** Slot in which the better candidate stood. */
  readonly chosen: "a" | "b";
  readonly verdict: "a" | "b" | "tie";
}

/** Accuracy by the slot of the better candidate. Undefined where no pair had it there. */
export interface PositionAccuracy {
  readonly chosenFirst: number | undefined;
  readonly chosenSecond: number | undefined;
  readonly accuracy: number | undefined;
  /** chosenFirst − chosenSecond: above 0 the judge leans to the first slot. */
  readonly gap: number | undefined;
  /** How often the judge decides for the first slot; a tie is half a time. ½ is impartial where slots are balanced. */
  readonly firstRate: number | undefined;
}

/**
 * What the order of a pair does to a judge's accuracy.
 *
 * @param rows      judged pairs
 * @param tieCredit what a tie is worth, in [0, 1]
 * @complexity O(n), pure
 * @example positionAccuracy([{ chosen: "a", verdict: "a" }, { chosen: "b", verdict: "a" }], 0.5).gap // → 1
 */
export function positionAccuracy(rows: readonly PlacedVerdict[], tieCredit: number): PositionAccuracy {
  const creditOf = ({ chosen, verdict }: PlacedVerdict) => (verdict === "tie" ? tieCredit : Number(verdict === chosen));
  const mean = (values: readonly number[]) => (values.length === 0 ? undefined : sum(values) / values.length);
  const chosenFirst = mean(rows.filter(({ chosen }) => chosen === "a").map(creditOf));
  const chosenSecond = mean(rows.filter(({ chosen }) => chosen === "b").map(creditOf));
  return {
    chosenFirst,
    chosenSecond,
    accuracy: mean(rows.map(creditOf)),
    gap: chosenFirst === undefined || chosenSecond === undefined ? undefined : chosenFirst - chosenSecond,
    firstRate: mean(rows.map(({ verdict }) => (verdict === "tie" ? 0.5 : Number(verdict === "a")))),
  };
}
