import { sum } from "../reward/numerics.ts";
import { addCounts, NO_PAIRS, type PairCounts, pairAccuracy } from "./pair-accuracy.ts";

/** How much style helps or misleads: `hard` sets a plain good answer against a lavish bad one, `easy` the other way round. */
export const DIFFICULTIES = ["easy", "normal", "hard"] as const;
export type Difficulty = (typeof DIFFICULTIES)[number];

/** Accuracy of one domain. */
export interface DomainScore {
  readonly domain: string;
  /** Comparisons, and the share that is right, by difficulty; those that were not run are left out. */
  readonly by: Readonly<Partial<Record<Difficulty, { readonly n: number; readonly accuracy: number }>>>;
  /** Mean of the difficulties. */
  readonly mean: number;
}

export interface DifficultyScores {
  readonly domains: readonly DomainScore[];
  /** Mean of the domains, by difficulty. */
  readonly by: Readonly<Partial<Record<Difficulty, number>>>;
  /** Mean of the domains' means; undefined when no subset has such a name. */
  readonly overall: number | undefined;
}

/**
 * Accuracy by domain and difficulty of subsets that are called `<domain>-<difficulty>`, as RM-Bench has them. What begins with `safety`
 * is one domain. Domains weigh alike. A tie is wrong.
 *
 * @param counts subset → comparisons; subsets with other names are not read
 * @complexity O(subsets), pure
 * @see Liu et al. 2024, RM-Bench: Benchmarking Reward Models of Language Models with Subtlety and Style, arXiv:2410.16184
 * @example scoreDifficulties({ "chat-hard": { right: 1, ties: 0, wrong: 1 } }).by.hard // → 0.5
 */
export function scoreDifficulties(counts: Readonly<Record<string, PairCounts>>): DifficultyScores {
  const found = new Map<string, Map<Difficulty, PairCounts>>();
  for (const [subset, own] of Object.entries(counts)) {
    const [, name, difficulty] = /^(.+)-(easy|normal|hard)$/.exec(subset) ?? [];
    if (name === undefined) continue;
    const domain = name.startsWith("safety") ? "safety" : name;
    const rows = found.get(domain) ?? new Map<Difficulty, PairCounts>();
    rows.set(difficulty as Difficulty, addCounts(rows.get(difficulty as Difficulty) ?? NO_PAIRS, own));
    found.set(domain, rows);
  }
  const domains = [...found].map(([domain, rows]) => {
    const by: Partial<Record<Difficulty, { n: number; accuracy: number }>> = {};
    for (const [difficulty, own] of rows) by[difficulty] = { n: own.right + own.ties + own.wrong, accuracy: pairAccuracy(own, 0) };
    return { domain, by, mean: mean(Object.values(by).map(({ accuracy }) => accuracy)) };
  });
  const by: Partial<Record<Difficulty, number>> = {};
  for (const difficulty of DIFFICULTIES) {
    const values = domains.flatMap((domain) => domain.by[difficulty]?.accuracy ?? []);
    if (values.length > 0) by[difficulty] = mean(values);
  }
  return { domains, by, overall: domains.length === 0 ? undefined : mean(domains.map((domain) => domain.mean)) };
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
