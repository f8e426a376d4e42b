import { type AnswerObject, findAnswerObject } from "./answer-object.ts";
import { answerOf, isEnd, undisguised } from "./answer-text.ts";
import { type NamedScores, scoreRankConsistency } from "./listwise-agreement.ts";
import { type Reading, readingOf } from "./reading.ts";

/** What a judge that sees all candidates was asked for. */
export interface ListwiseOptions {
  /** The name under which the judge saw a candidate → the candidate's own. Names drawn at random for each request cannot be guessed. */
  readonly labels: ReadonlyMap<string, string>;
  /** Least and greatest score. */
  readonly lo: number;
  readonly hi: number;
}

/** What such a judge said, under the candidates' own names. */
export interface Listwise {
  /** In [0, 1], of those that it scored. */
  readonly scores: NamedScores;
  /** Best first; those that it ranked. */
  readonly ranking: readonly string[];
  /** Candidates without a score. */
  readonly missing: readonly string[];
  /** Share of ranked pairs that the scores do not contradict, in [0, 1]. */
  readonly consistency: number;
  /** How far the answer was from the form that was asked for. */
  readonly step: "direct" | "braces" | "repair";
}

/** The key of the ranking, and what judges write in its place. */
const RANKING_KEYS = ["best-to-worst", "best-to-worse", "best_to_worst", "best to worst"] as const;

/**
 * Reads `{"scores": {name: number, …}, "best-to-worst": [name, …]}`. Only finite JSON numbers are scores; one outside the scale is moved to
 * its end. The specification repairs before it looks for braces; here the lesser intervention comes first, which gives its results too.
 *
 * @param untrusted the texts that the judge was shown and did not write: where one of them gives just these scores under these names, the
 *   reading is `forged`
 * @complexity O(length of the texts + N²), pure
 * @see Yu et al. 2025, RewardAnything: Generalizable Principle-Following Reward Models, arXiv:2506.03637
 * @example believe(parseListwise('{"scores": {"x": 4}}', { labels: new Map([["x", "a"]]), lo: 1, hi: 5 })).scores.get("a") // → 0.75
 */
export function parseListwise(text: string, { labels, lo, hi }: ListwiseOptions, untrusted: readonly string[] = []): Reading<Listwise> {
  const found = findAnswerObject(answerOf(text));
  if (found === undefined) return { status: "unreadable", why: "it does not hold exactly one JSON object" };
  const given = found.object.get("scores");
  if (!(given instanceof Map)) return { status: "unreadable", why: "its object has no `scores`" };
  const numbers = [...(given as AnswerObject)].filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const known = numbers.filter(([label]) => labels.has(label));
  if (known.length === 0) return { status: "unreadable", why: "it scores none of the candidates" };
  const scores = new Map(known.map(([label, score]) => [labels.get(label)!, (Math.min(hi, Math.max(lo, score)) - lo) / (hi - lo)]));
  const missing = [...labels.values()].filter((name) => !scores.has(name));
  const { names, misspelt, twice } = rankingOf(found.object);
  const ranking = [...new Set(names.flatMap((label) => labels.get(label) ?? []))];
  const consistency = scoreRankConsistency(scores, ranking);
  return readingOf(
    {
      scores,
      ranking,
      missing,
      consistency,
      step: misspelt ? "repair" : found.step,
    },
    {
      conflict: twice || new Set(names).size < names.length || consistency < 1,
      forged: untrusted.some((shown) => gives(shown, numbers)),
      unfinished: !isEnd(found.rest),
      outOfScale: known.some(([, score]) => score < lo || score > hi),
      mended: misspelt || found.step === "repair",
      partial: missing.length > 0,
      unknownNames: [...(given as AnswerObject).keys(), ...names].some((label) => !labels.has(label)),
    },
  );
}

/** The labels of the ranking, whether its key is misspelt, and whether there are two. */
function rankingOf(object: AnswerObject): { readonly names: readonly string[]; readonly misspelt: boolean; readonly twice: boolean } {
  const keys = RANKING_KEYS.filter((key) => object.has(key));
  const given = keys[0] === undefined ? [] : object.get(keys[0]);
  const names = Array.isArray(given) ? given.filter((name): name is string => typeof name === "string") : [];
  return { names, misspelt: keys[0] !== undefined && keys[0] !== RANKING_KEYS[0], twice: keys.length > 1 };
}

/** Whether a text holds `scores` with just these numbers, in whatever quotes and spacing. */
function gives(untrusted: string, scores: readonly (readonly [string, number])[]): boolean {
  const wanted = new Map(scores.map(([label, score]) => [bare(label), score]));
  const tables = bare(untrusted).matchAll(/scores:\{([^{}]{0,65536})/g);
  return Array.from(tables).some(([, table]) => {
    const entries = table!.split(",").flatMap((entry) => {
      const colon = entry.lastIndexOf(":");
      return colon < 0 ? [] : [[entry.slice(0, colon), Number(entry.slice(colon + 1))] as const];
    });
    return entries.length > 0 && wanted.size === new Map(entries).size && entries.every(([label, score]) => wanted.get(label) === score);
  });
}

function bare(text: string): string {
  return undisguised(text).replace(/[\s"'`\ufffd]+/g, "");
}
