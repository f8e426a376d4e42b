import type { ScoreSpace } from "../../domain/score-space.ts";
import type { Optional } from "../../reward/missing.ts";
import { type Comparison, comparisonsOf, type Labels } from "../labels.ts";
import { presentPairs } from "../rank-correlation.ts";

/** What gives a number to each candidate: the panel, one of its members, or an objective of a member. */
export interface Scorer {
  readonly name: string;
  /** The panel's number is its reward, a member's the calibrated score, an objective's the raw value. */
  readonly role: "panel" | "member" | "objective";
  readonly space: ScoreSpace;
  /** Revision of the panel, the member or the objective's member. */
  readonly revision: string;
}

/** One labelled item with the scores that it got. */
export interface ScoredRow {
  readonly id: string;
  readonly file: string;
  readonly subset: string | undefined;
  readonly language: string | undefined;
  /** Rows with equal prompts are not independent of each other; intervals go by this. */
  readonly prompt: string;
  readonly labels: Labels;
  /** Lengths of the candidates, in the unit of the evaluation. */
  readonly lengths: readonly number[];
  /** Shape [scorers][candidates]; null where a scorer gave none. */
  readonly scores: readonly (readonly Optional[])[];
  /** Only where the caller asked for texts in the report. */
  readonly texts?: { readonly prompt: string; readonly candidates: readonly string[] };
}

/** The rows of a report and who scored them. */
export interface Scored {
  /** The panel first, then its members, then their objectives. */
  readonly scorers: readonly Scorer[];
  readonly rows: readonly ScoredRow[];
}

/** Numbers of every candidate of a row; null is missing. */
export type Column = (row: ScoredRow) => readonly Optional[];

/** The scores of one scorer. */
export function scoresOf(scorer: number): Column {
  return (row) => row.scores[scorer]!;
}

/** What preferring the longer candidate would give. */
export const lengthsOf: Column = (row) => row.lengths;

/** Rows by prompt, in order of first appearance: units that are independent of each other. */
export function byPrompt(rows: readonly ScoredRow[]): ScoredRow[][] {
  return [...groupBy(rows, ({ prompt }) => prompt).values()];
}

/** Two columns on the same candidates, where both have a number. */
export interface PairedNumbers {
  readonly a: ArrayLike<number>;
  readonly b: ArrayLike<number>;
}

/** The candidates of which both columns have a number, by prompt; prompts without any are left out. */
export function pairedByPrompt(rows: readonly ScoredRow[], a: Column, b: Column): PairedNumbers[] {
  return byPrompt(rows)
    .map((own) => presentPairs(own.flatMap<Optional>(a), own.flatMap<Optional>(b)))
    .filter((found) => found.a.length > 0);
}

/** The numbers of several prompts, one after another. */
export function pool(clusters: readonly PairedNumbers[]): { readonly a: Float64Array; readonly b: Float64Array } {
  const join = (side: "a" | "b") => {
    const all = new Float64Array(clusters.reduce((total, cluster) => total + cluster[side].length, 0));
    let at = 0;
    for (const cluster of clusters) {
      all.set(cluster[side], at);
      at += cluster[side].length;
    }
    return all;
  };
  return { a: join("a"), b: join("b") };
}

/** A comparison and by how much a column puts the better candidate above the worse. */
export interface Margin extends Comparison {
  readonly row: ScoredRow;
  readonly margin: number;
}

/** Margins of all comparisons of which both sides have a number. */
export function marginsOf(rows: readonly ScoredRow[], column: Column): Margin[] {
  return rows.flatMap((row) => {
    const values = column(row);
    return comparisonsOf(row.labels).flatMap(({ better, worse }) => {
      const above = values[better];
      const below = values[worse];
      return above == null || below == null ? [] : [{ row, better, worse, margin: above - below }];
    });
  });
}

/** Groups by a key, in order of first appearance; rows without one are left out. */
export function groupBy<T>(values: readonly T[], key: (value: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const name = key(value);
    if (name === undefined) continue;
    const own = groups.get(name);
    if (own === undefined) groups.set(name, [value]);
    else own.push(value);
  }
  return groups;
}
