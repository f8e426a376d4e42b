import { z } from "zod";
import { sum } from "../../reward/numerics.ts";
import { bestOfN, bestOfNKl, pickCredit, type ScoredGroup, selectBest } from "../best-of-n.ts";
import { estimate, estimateMean, estimateSchema, ratioOf } from "./estimate.ts";
import { byPrompt, groupBy, type Scored, type ScoredRow, scoresOf } from "./rows.ts";

/** Fewest groups that a point of a curve rests on. */
const LEAST_GROUPS = 5;

export const bestOfSchema = z
  .object({
    scorer: z.string(),
    file: z.string().describe("File whose ratings are taken for the truth."),
    groups: z.int().describe("Groups of two or more candidates, all of them scored."),
    pick: z
      .object({
        picked: z.number().describe("Mean rating of the candidate that scores highest."),
        random: z.number().describe("Mean rating of all candidates."),
        oracle: z.number().describe("Mean rating of the best candidate."),
        regret: z.number().describe("oracle − picked."),
        recovery: estimateSchema.describe("(picked − random)/(oracle − random)."),
        topShare: estimateSchema.describe("How often the pick is a best-rated candidate; a tie for the top shares the credit."),
      })
      .describe("The best of all candidates of a group."),
    curve: z
      .array(
        z.object({
          n: z.int().describe("Candidates that the scorer chooses from."),
          kl: z.number().describe("Bound on the divergence from the policy that was sampled, ln n − (n − 1)/n, nats."),
          groups: z.int().describe("Groups with at least n candidates; the point is over these."),
          gain: estimateSchema.describe("Mean rating of the best of n by score, less the mean rating of one at random."),
          oracleGain: z.number().describe("The same of the best of n by rating: what could be gained."),
          proxyGain: z.number().describe("What the scorer itself believes to have gained, in its own space."),
        }),
      )
      .describe("Best-of-n over all choices of n candidates without replacement."),
  })
  .describe("What choosing the best of n by score is worth, in people's ratings.");
export type BestOf = z.output<typeof bestOfSchema>;

/** Best-of-n of the panel and its members, for each file with groups of rated candidates. */
export function bestOfCurves({ scorers, rows }: Scored): BestOf[] {
  const files = groupBy(
    rows.filter(({ labels }) => labels.type === "ranked" && labels.ratings.length > 1),
    (row) => row.file,
  );
  return [...files].flatMap(([file, own]) =>
    scorers.flatMap(({ name, role }, i) => {
      const scored = own.filter((row) => row.scores[i]!.every((score) => score !== null));
      if (role === "objective" || scored.length === 0) return [];
      const groupOf = (row: ScoredRow): ScoredGroup => ({
        proxy: scoresOf(i)(row) as readonly number[],
        gold: row.labels.type === "ranked" ? row.labels.ratings : [],
      });
      return [{ scorer: name, file, groups: scored.length, pick: pickOf(scored, groupOf), curve: curveOf(scored, groupOf) }];
    }),
  );
}

type GroupOf = (row: ScoredRow) => ScoredGroup;

function pickOf(rows: readonly ScoredRow[], groupOf: GroupOf): BestOf["pick"] {
  const { picked, random, oracle, regret } = selectBest(rows.map(groupOf));
  const clusters = byPrompt(rows).map((own) => {
    const each = own.map((row) => selectBest([groupOf(row)]));
    return { gained: sum(each.map((one) => one.picked - one.random)), possible: sum(each.map((one) => one.oracle - one.random)) };
  });
  const recovery = (kept: readonly (typeof clusters)[number][]) =>
    ratioOf(
      kept,
      ({ gained }) => gained,
      ({ possible }) => possible,
    );
  return {
    picked,
    random,
    oracle,
    regret,
    recovery: estimate(clusters, recovery, [-Infinity, 1]),
    topShare: estimateMean(
      rows.map((row) => ({ prompt: row.prompt, value: topCredit(groupOf(row)) })),
      [0, 1],
    ),
  };
}

/** Credit for picking any of the best-rated candidates. */
function topCredit({ proxy, gold }: ScoredGroup): number {
  const best = Math.max(...gold);
  return sum(gold.map((rating, i) => (rating === best ? pickCredit(proxy, i) : 0)));
}

function curveOf(rows: readonly ScoredRow[], groupOf: GroupOf): BestOf["curve"] {
  // No spread: there may be more rows than a call takes arguments.
  const largest = rows.reduce((most, { lengths }) => Math.max(most, lengths.length), 0);
  const points: BestOf["curve"] = [];
  for (const n of stepsTo(largest)) {
    const own = rows.filter((row) => row.lengths.length >= n);
    if (own.length < LEAST_GROUPS) break;
    const over = (value: (group: ScoredGroup) => number) => own.map((row) => ({ prompt: row.prompt, value: value(groupOf(row)) }));
    const meanOver = (value: (group: ScoredGroup) => number) => mean(over(value).map((one) => one.value));
    points.push({
      n,
      kl: bestOfNKl(n),
      groups: own.length,
      gain: estimateMean(over((group) => bestOfN(group, n).gold - mean(group.gold))),
      oracleGain: meanOver(({ gold }) => bestOfN({ proxy: gold, gold }, n).gold - mean(gold)),
      proxyGain: meanOver((group) => bestOfN(group, n).proxy - mean(group.proxy)),
    });
  }
  return points;
}

/** 1, 2, 3, 4, 6, 8, 12, 16, … up to the largest group. */
function stepsTo(largest: number): number[] {
  const steps = [1];
  for (let n = 2; n <= largest; n *= 2) steps.push(n, n * 1.5);
  return steps.filter((n) => n <= largest);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
