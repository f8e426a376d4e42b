import { wilson } from "../../../src/evaluation/intervals.ts";
import { addCounts, comparePairs, NO_PAIRS, pairAccuracy, pairsOf } from "../../../src/evaluation/pair-accuracy.ts";
import { reliability } from "../../../src/reward/calibration/reliability.ts";
import type { JudgedPair } from "./judging.ts";

const BINS = 5;
const NONE = "–";
const percent = (share: number) => `${Math.round(100 * share)} %`;

/** Columns of {@link figuresOf}. */
export const FIGURES = [
  "candidates",
  "unreadable",
  "failed otherwise",
  "abstained",
  "pairs",
  "ties",
  "accuracy",
  "95 %",
  "orders agree",
  "values",
  "spread",
  "AUC",
  "ECE",
  "Brier",
];

/**
 * Figures of one judge over labelled pairs, as cells of a table.
 *
 * `unreadable`, `failed otherwise` and `abstained` count candidates without a score. `accuracy` is that of the `pairs` in which both have
 * one, a tie one half, with Wilson's interval. `orders agree`: of the pairs that were shown in both orders and in which the judge named a
 * better one. `values` and `spread` are the number of distinct scores and their standard deviation. AUC, ECE (5 bins of equal width) and Brier
 * take a score for the probability that a response is the better one of its pair.
 */
export function figuresOf(pairs: readonly JudgedPair[], { isProbability }: { readonly isProbability: boolean }): string[] {
  const parts = pairs.flatMap(({ parts: both }) => both);
  const failed = parts.filter(({ outcome }) => outcome === "failed");
  const unreadable = failed.filter(({ error }) => error?.reason === "JUDGE_OUTPUT_UNREADABLE").length;
  const scored = pairs.flatMap(({ parts: [better, worse] }) =>
    better?.raw === undefined || worse?.raw === undefined ? [] : [[better.raw, worse.raw] as const],
  );
  const counts = scored.map((scores) => comparePairs(scores, [1, 0])).reduce(addCounts, NO_PAIRS);
  const n = pairsOf(counts);
  const { low, high } = n === 0 ? { low: 0, high: 1 } : wilson(counts.right + counts.ties / 2, n);
  const orders = pairs.flatMap(({ consistent }) => consistent ?? []);
  const all = parts.flatMap(({ raw }) => raw ?? []);
  const values = scored.flat();
  const labels = values.map((_, i) => 1 - (i % 2));
  const { ece, brier } = isProbability && n > 0 ? reliability(values, labels, BINS) : {};
  return [
    String(parts.length),
    String(unreadable),
    String(failed.length - unreadable),
    String(parts.filter(({ outcome }) => outcome === "abstained").length),
    String(n),
    n === 0 ? NONE : String(counts.ties),
    n === 0 ? NONE : percent(pairAccuracy(counts)),
    `${percent(low)}–${percent(high)}`,
    orders.length === 0 ? NONE : `${orders.filter((same) => same).length} of ${orders.length}`,
    String(new Set(all.map((value) => value.toFixed(6))).size),
    all.length === 0 ? NONE : standardDeviation(all).toFixed(2),
    n === 0 ? NONE : pairAccuracy(comparePairs(values, labels)).toFixed(2),
    ece?.toFixed(2) ?? NONE,
    brier?.toFixed(2) ?? NONE,
  ];
}

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/**
 * How two judges do on the pairs that both scored, in words: the accuracy of each, and how many pairs they order otherwise.
 *
 * @param one   what the first said of each pair
 * @param other what the other said of the same pairs, in the same order
 */
export function besideEachOther(one: readonly JudgedPair[], other: readonly JudgedPair[]): string {
  const both = one.flatMap((first, index) => {
    const [a, b, c, d] = [...first.parts, ...other[index]!.parts].map(({ raw }) => raw);
    return a === undefined || b === undefined || c === undefined || d === undefined ? [] : [[Math.sign(a - b), Math.sign(c - d)] as const];
  });
  if (both.length === 0) return "no pair that both scored";
  const accuracy = (place: 0 | 1) => {
    const right = both.reduce((sum, signs) => sum + (1 + signs[place]) / 2, 0);
    const { low, high } = wilson(right, both.length);
    return `${percent(right / both.length)} (${percent(low)}–${percent(high)})`;
  };
  const changed = both.filter(([first, second]) => first !== second).length;
  return `${both.length} pairs that both scored: ${accuracy(0)} and ${accuracy(1)}, ${changed} pairs ordered otherwise`;
}
