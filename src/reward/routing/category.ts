/** What is known of an item, by name. */
export type ItemFacts = Readonly<Record<string, string | number | boolean>>;

/** One row of a routing table: where an item goes that has all of these facts. */
export interface CategoryRow<T> {
  /** Facts that have to hold, exactly; a row without any takes every item. */
  readonly if: ItemFacts;
  readonly to: T;
}

/** Where an item goes and why. */
export interface CategoryRoute<T> {
  readonly to: T;
  /** Index of the row that took it; undefined for the default. */
  readonly row: number | undefined;
}

/**
 * Routes an item by a declared table: the first row whose facts all hold takes it, else the default.
 *
 * @param facts    facts of the item; one that a row asks for and the item lacks does not hold
 * @param table    rows in order of precedence
 * @param fallback where items go that no row takes
 * @complexity O(rows · facts per row), pure
 * @see Xu et al. 2024, The Perfect Blend: Redefining RLHF with Mixture of Judges, arXiv:2409.20370
 * @example routeByCategory({ domain: "math" }, [{ if: { domain: "math" }, to: "rule" }], "model").to // → "rule"
 */
export function routeByCategory<T>(facts: ItemFacts, table: readonly CategoryRow<T>[], fallback: T): CategoryRoute<T> {
  const row = table.findIndex((candidate) =>
    Object.entries(candidate.if).every(([name, value]) => Object.hasOwn(facts, name) && facts[name] === value),
  );
  return row < 0 ? { to: fallback, row: undefined } : { to: table[row]!.to, row };
}
