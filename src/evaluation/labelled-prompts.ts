import type { ScoredPair } from "../reward/calibration/isotonic-pairs.ts";
import { uniformOf } from "./seeded.ts";

/** A candidate under the judge that is calibrated. */
export interface LabelledCandidate {
  /** Raw score. */
  readonly score: number;
  /** Raw score of the judge whose scale is the aim, where there is one. */
  readonly onto?: number;
  /** Higher is better. */
  readonly rating?: number;
}

/** What is known of the candidates of one prompt. */
export interface LabelledPrompt {
  /** Distinguishes it in the file. */
  readonly id: string;
  /** Names the group that stays together in splits and samples; prompts that begin alike share one. */
  readonly group: string;
  readonly candidates: readonly LabelledCandidate[];
  /** Preferred and other candidate, as indices; without it, pairs come from ratings. */
  readonly preference?: readonly [better: number, worse: number];
}

/** A pair and the group that it belongs to. */
export type GroupedPair = ScoredPair & { readonly group: string };

/** A candidate with a rating, and the group that it belongs to. */
export interface GroupedRating {
  readonly score: number;
  readonly rating: number;
  readonly group: string;
}

/**
 * The prompts that are fitted on, and those that are held out. Groups are never torn apart.
 *
 * @param share share of the groups to hold out, in (0, 1)
 * @param seed  a whole number; the same one holds the same groups out, whatever else is in the file
 * @complexity O(n), pure
 * @example splitPrompts([], { share: 0.2, seed: 0 }).fit.length // → 0
 */
export function splitPrompts(
  prompts: readonly LabelledPrompt[],
  { share, seed }: { readonly share: number; readonly seed: number },
): { readonly fit: LabelledPrompt[]; readonly heldOut: LabelledPrompt[] } {
  const isHeldOut = ({ group }: LabelledPrompt) => uniformOf(seed, `split ${group}`) < share;
  return { fit: prompts.filter((prompt) => !isHeldOut(prompt)), heldOut: prompts.filter(isHeldOut) };
}

/**
 * The prompts in folds, for a cross-validation in which each is held out once. Groups are never torn apart.
 *
 * @param folds ≥ 2
 * @param seed  a whole number; the same one gives a group the same fold, whatever else is in the file
 * @returns shape [folds]; a fold may be empty where there are few groups
 * @complexity O(n), pure
 * @example foldsOf([], { folds: 5, seed: 0 }).length // → 5
 */
export function foldsOf(
  prompts: readonly LabelledPrompt[],
  { folds, seed }: { readonly folds: number; readonly seed: number },
): LabelledPrompt[][] {
  const parts: LabelledPrompt[][] = Array.from({ length: folds }, () => []);
  for (const prompt of prompts) parts[Math.floor(uniformOf(seed, `split ${prompt.group}`) * folds)]!.push(prompt);
  return parts;
}

/**
 * Every pair within a prompt whose better side is known. Never over prompts: their offset is not identified. Which side comes
 * first is drawn, so that neither a fit nor a measure can learn from the order; the seed and the prompt's id decide.
 *
 * @param minGap least difference of ratings, ≥ 0; equal ratings make no pair
 * @complexity O(Σ candidates²), pure
 * @example pairsWithin([{ id: "1", group: "1", candidates: [{ score: 2 }, { score: 1 }], preference: [0, 1] }], 0, 0).length // → 1
 */
export function pairsWithin(prompts: readonly LabelledPrompt[], minGap: number, seed: number): GroupedPair[] {
  return prompts.flatMap(({ id, group, candidates, preference }) =>
    (preference === undefined ? betterAndWorse(candidates, minGap) : [preference]).map(([better, worse]) => {
      const betterFirst = uniformOf(seed, `first ${id} ${better} ${worse}`) < 0.5;
      const [first, second] = betterFirst ? [better, worse] : [worse, better];
      return { first: candidates[first]!.score, second: candidates[second]!.score, label: betterFirst ? 1 : 0, group };
    }),
  );
}

function betterAndWorse(candidates: readonly LabelledCandidate[], minGap: number): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (const [i, { rating: a }] of candidates.entries()) {
    for (const [j, { rating: b }] of candidates.slice(0, i).entries()) {
      if (a === undefined || b === undefined || a === b || Math.abs(a - b) < minGap) continue;
      pairs.push(a > b ? [i, j] : [j, i]);
    }
  }
  return pairs;
}

/**
 * Every candidate that has a rating.
 *
 * @complexity O(n), pure
 * @example ratingsOf([{ id: "1", group: "1", candidates: [{ score: 2, rating: 5 }] }]).length // → 1
 */
export function ratingsOf(prompts: readonly LabelledPrompt[]): GroupedRating[] {
  return prompts.flatMap(({ group, candidates }) =>
    candidates.flatMap(({ score, rating }) => (rating === undefined ? [] : [{ score, rating, group }])),
  );
}
