import { clusterInterval, type Interval, wilson } from "../../evaluation/intervals.ts";
import { addCounts, comparePairs, countPair, NO_PAIRS, type PairCounts, pairAccuracy, pairsOf } from "../../evaluation/pair-accuracy.ts";
import { spearman } from "../../evaluation/rank-correlation.ts";
import { decimal, textTable } from "../text-table.ts";
import type { ScoreRecord } from "./records.ts";

/** How often the better candidate scored higher. */
export interface AccuracyReport {
  readonly items: number;
  readonly pairs: number;
  readonly accuracy: number;
  /** Of 95 %. */
  readonly interval: Interval;
  readonly ties: number;
  /** The same, of preferring the longer candidate. */
  readonly longerWins: number;
}

/** How rewards rise with human ratings of one dimension. */
export interface RatingReport {
  readonly dimension: string;
  readonly n: number;
  readonly spearman: number | undefined;
  /** The same, of the candidate's length. */
  readonly lengthSpearman: number | undefined;
}

export interface LabelReport {
  readonly pair?: AccuracyReport;
  readonly ranked?: AccuracyReport;
  readonly rated: readonly RatingReport[];
}

/** Collects what labelled records say about the rewards; memory grows by a few numbers a record, never by text. */
export interface LabelTally {
  /** @param rewards one per candidate; undefined where it failed, and then the record does not count */
  add(record: Pick<ScoreRecord, "labels" | "candidates">, rewards: readonly (number | undefined)[]): void;
  report(): LabelReport;
}

export function createLabelTally(): LabelTally {
  let pairs = NO_PAIRS;
  let longerPairs = NO_PAIRS;
  let ranked = NO_PAIRS;
  let longerRanked = NO_PAIRS;
  const clusters: { k: number; n: number }[] = [];
  const columns = new Map<string, { rewards: number[]; ratings: number[]; lengths: number[] }>();

  const addRatings = (ratings: Readonly<Record<string, number>>, reward: number, length: number) => {
    for (const [dimension, rating] of Object.entries(ratings)) {
      let column = columns.get(dimension);
      if (column === undefined) {
        column = { rewards: [], ratings: [], lengths: [] };
        columns.set(dimension, column);
      }
      column.rewards.push(reward);
      column.ratings.push(rating);
      column.lengths.push(length);
    }
  };

  return {
    add({ labels, candidates }, rewards) {
      if (!rewards.every((reward) => reward !== undefined)) return;
      const lengths = candidates.map((text) => text.length);
      switch (labels.type) {
        case "none":
          return;
        case "pair":
          pairs = countPair(pairs, rewards[0]!, rewards[1]!);
          longerPairs = countPair(longerPairs, lengths[0]!, lengths[1]!);
          return;
        case "ranked": {
          const counts = comparePairs(rewards, labels.ratings);
          if (pairsOf(counts) === 0) return;
          ranked = addCounts(ranked, counts);
          longerRanked = addCounts(longerRanked, comparePairs(lengths, labels.ratings));
          clusters.push({ k: counts.right + counts.ties / 2, n: pairsOf(counts) });
          return;
        }
        case "rated":
          addRatings(labels.ratings, rewards[0]!, lengths[0]!);
      }
    },
    report() {
      const n = pairsOf(pairs);
      return {
        ...(n > 0 && { pair: accuracy(pairs, longerPairs, n, wilson(pairs.right + pairs.ties / 2, n)) }),
        ...(clusters.length > 0 && { ranked: accuracy(ranked, longerRanked, clusters.length, clusterInterval(clusters)) }),
        rated: [...columns].map(([dimension, { rewards, ratings, lengths }]) => ({
          dimension,
          n: rewards.length,
          spearman: spearman(rewards, ratings),
          lengthSpearman: spearman(lengths, ratings),
        })),
      };
    },
  };
}

function accuracy(counts: PairCounts, longer: PairCounts, items: number, interval: Interval): AccuracyReport {
  return { items, pairs: pairsOf(counts), accuracy: pairAccuracy(counts), interval, ties: counts.ties, longerWins: pairAccuracy(longer) };
}

/** Counts of a run. */
export interface RunCounts {
  readonly records: number;
  readonly candidates: number;
  readonly tokens: number;
  readonly cachedScores: number;
  /** Wall time of scoring, seconds. */
  readonly seconds: number;
  /** Records that an earlier run had scored. */
  readonly resumed: number;
  /** Records of `records` that had failed in an earlier run. */
  readonly again: number;
  /** Ids of records with a candidate that has no reward. */
  readonly failed: readonly string[];
}

/** Failed ids that are listed; the output file holds all of them. */
const LISTED = 20;

/** The end of a run as text. */
export function showReport(counts: RunCounts, labels: LabelReport): string {
  const { records, candidates, tokens, cachedScores, seconds, resumed, again, failed } = counts;
  const rate = (n: number) => (seconds > 0 ? (n / seconds).toFixed(1) : "-");
  const lines = [
    `scored      ${candidates} candidates of ${records} records in ${seconds.toFixed(1)} s: ${rate(candidates)} candidates/s`,
    `tokens      ${tokens} (${rate(tokens)} tokens/s); ${cachedScores} scores came from the cache`,
  ];
  if (resumed > 0) lines.push(`resumed     after ${resumed} records of an earlier run, which count below`);
  if (again > 0) lines.push(`again       ${again} of the ${records} records, which had failed for a passing reason`);
  const shown = ({ items, pairs, accuracy, interval, ties, longerWins }: AccuracyReport, what: string) => {
    const share = (x: number) => x.toFixed(4);
    const of = pairs === items ? `${pairs} pairs` : `${pairs} pairs in ${items} items`;
    return `${what.padEnd(11)} ${share(accuracy)}  [${share(interval.low)}, ${share(interval.high)}] of 95 %, ${of}, ${ties} ties; longer wins: ${share(longerWins)}`;
  };
  if (labels.pair) lines.push(shown(labels.pair, "accuracy"));
  if (labels.ranked) lines.push(shown(labels.ranked, "in groups"));
  if (labels.rated.length > 0) {
    const rows = labels.rated.map(({ dimension, n, spearman: rho, lengthSpearman }) => [
      dimension,
      String(n),
      decimal(rho),
      decimal(lengthSpearman),
    ]);
    lines.push("", textTable(["dimension", "n", "Spearman", "Spearman of length"], rows));
  }
  if (failed.length > 0) {
    const more = failed.length > LISTED ? `, and ${failed.length - LISTED} more` : "";
    lines.push(`failed      ${failed.length} records: ${failed.slice(0, LISTED).join(", ")}${more}`);
  }
  return lines.join("\n");
}
