/** What people said of the candidates of one item. */
export type Labels =
  | { readonly type: "none" }
  /** The first candidate is preferred to the second. */
  | { readonly type: "pair" }
  /** A rating per candidate, higher is better. */
  | { readonly type: "ranked"; readonly ratings: readonly number[] }
  /** Ratings of the one candidate, by dimension. */
  | { readonly type: "rated"; readonly ratings: Readonly<Record<string, number>> };

/** Two candidates of an item of which people preferred one: their indices. */
export interface Comparison {
  readonly better: number;
  readonly worse: number;
}

/**
 * Every two candidates of an item that its labels set apart; equal ratings set none apart.
 *
 * @complexity O(n²) in the candidates, pure
 * @example comparisonsOf({ type: "ranked", ratings: [1, 3] })[0].better // → 1
 */
export function comparisonsOf(labels: Labels): Comparison[] {
  if (labels.type === "pair") return [{ better: 0, worse: 1 }];
  if (labels.type !== "ranked") return [];
  const { ratings } = labels;
  return ratings.flatMap((rating, i) =>
    ratings.slice(0, i).flatMap((other, j) => {
      if (rating === other) return [];
      return [rating > other ? { better: i, worse: j } : { better: j, worse: i }];
    }),
  );
}
