import { sum } from "../../reward/numerics.ts";

/** Name of a candidate → its score. */
export type NamedScores = ReadonlyMap<string, number>;

/**
 * Share of the pairs of a ranking that the scores do not contradict. Equal scores agree with either order.
 *
 * @param ranking names, the best first; those without a score are passed over
 * @returns in [0, 1]; 1 when there is no pair
 * @complexity O(N²), pure
 * @see Yu et al. 2025, RewardAnything: Generalizable Principle-Following Reward Models, arXiv:2506.03637
 * @example scoreRankConsistency(new Map([["a", 1], ["b", 2]]), ["a", "b"]) // → 0
 */
export function scoreRankConsistency(scores: NamedScores, ranking: readonly string[]): number {
  const ranked = ranking.flatMap((name) => scores.get(name) ?? []);
  const pairs = ranked.flatMap((better, i) => ranked.slice(i + 1).map((worse) => better >= worse));
  return pairs.length === 0 ? 1 : pairs.filter(Boolean).length / pairs.length;
}

/**
 * How well the scores of a listwise judge order candidates that people have scored. A pair weighs 1 + |difference of the people's
 * scores|; it is lost when the judge has it the other way round, and half lost when the judge ties what people tell apart.
 *
 * @param predicted the judge's scores
 * @param gold      the people's scores, same names; names that only one side has are passed over
 * @returns 1 − lost/total, in [0, 1]; 1 when fewer than two names are common
 * @complexity O(N²), pure
 * @see Yu et al. 2025, RewardAnything, arXiv:2506.03637
 * @example listwiseAgreement(new Map([["a", 1], ["b", 1]]), new Map([["a", 1], ["b", 2]])) // → 0.5
 */
export function listwiseAgreement(predicted: NamedScores, gold: NamedScores): number {
  const names = [...predicted.keys()].filter((name) => gold.has(name));
  const pairs = names.flatMap((a, i) =>
    names.slice(i + 1).map((b) => {
      const said = Math.sign(predicted.get(a)! - predicted.get(b)!);
      const gap = gold.get(a)! - gold.get(b)!;
      const lost = gap === 0 || said === Math.sign(gap) ? 0 : said === 0 ? 0.5 : 1;
      return { weight: 1 + Math.abs(gap), lost };
    }),
  );
  return pairs.length === 0 ? 1 : 1 - sum(pairs.map(({ weight, lost }) => weight * lost)) / sum(pairs.map(({ weight }) => weight));
}
