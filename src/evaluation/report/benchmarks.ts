import { z } from "zod";
import { type PairCounts, pairAccuracy } from "../pair-accuracy.ts";
import { REWARD_BENCH_COUNTS, REWARD_BENCH_PRIOR, REWARD_BENCH_SECTIONS, scoreSections } from "../reward-bench.ts";
import { scoreDifficulties } from "../style-difficulty.ts";
import { type Answers, scoreTies } from "../ties.ts";
import { countMargins } from "./estimate.ts";
import { groupBy, marginsOf, type Scored, type ScoredRow, scoresOf } from "./rows.ts";

/** Weight of the prior sets beside a section's 1. */
const PRIOR_WEIGHT = 0.5;

const share = z.object({ n: z.int(), accuracy: z.number() });

export const benchmarkSchema = z
  .object({
    scorer: z.string(),
    rewardBench: z
      .object({
        sections: z.record(z.string(), z.number()).describe("Section → mean accuracy of its subsets, weighted by their counts."),
        overall: z.number().describe("Mean of the sections that were run; prior sets enter with weight 0.5 where all four were run."),
      })
      .nullable()
      .describe("Section scores of RewardBench; null without any of its subsets. A tie is wrong."),
    difficulty: z
      .object({
        domains: z.array(
          z.object({ domain: z.string(), easy: share.optional(), normal: share.optional(), hard: share.optional(), mean: z.number() }),
        ),
        easy: z.number().optional(),
        normal: z.number().optional(),
        hard: z.number().optional(),
        overall: z.number(),
      })
      .nullable()
      .describe("Accuracy by domain and difficulty of style, as RM-Bench has it; null without subsets called <domain>-<difficulty>."),
    ties: z
      .object({
        prompts: z.int(),
        singleAccuracy: z.number().describe("Prompts whose one right answer stands above all wrong ones."),
        tiedAccuracy: z.number().describe("Prompts whose right answers all stand above all wrong ones."),
        preferred: z.number().describe("Prompts whose gap to the best wrong answer is wider than the spread among right ones."),
        preferredHard: z.number().describe("The same for the narrower gap of both variants."),
        margin: z.number().describe("Mean of tanh(narrower gap/spread − 1)."),
        score: z.number().describe("The combined score, at most 1.01."),
      })
      .nullable()
      .describe("Ties of RewardBench 2: ranked rows of the subset `Ties` whose ids are ref:<k> and tied:<k>; null without such."),
  })
  .describe("Scores of known benchmarks, where the file has their subsets.");
export type Benchmark = z.output<typeof benchmarkSchema>;

/** Benchmark scores of every scorer; none when the files hold no benchmark that is known. */
export function benchmarks({ scorers, rows }: Scored): Benchmark[] {
  return scorers.flatMap(({ name }, i) => {
    const bySubset = groupBy(marginsOf(rows, scoresOf(i)), ({ row }) => row.subset);
    const counts = Object.fromEntries([...bySubset].map(([subset, margins]) => [subset, countMargins(margins)]));
    const found = { scorer: name, rewardBench: rewardBenchOf(counts), difficulty: difficultyOf(counts), ties: tiesOf(rows, i) };
    return found.rewardBench === null && found.difficulty === null && found.ties === null ? [] : [found];
  });
}

function rewardBenchOf(counts: Readonly<Record<string, PairCounts>>): Benchmark["rewardBench"] {
  const accuracy = Object.fromEntries(Object.entries(counts).map(([subset, own]) => [subset, pairAccuracy(own, 0)]));
  const prior = REWARD_BENCH_PRIOR.every((name) => Object.hasOwn(accuracy, name))
    ? { accuracy: REWARD_BENCH_PRIOR.reduce((total, name) => total + accuracy[name]!, 0) / REWARD_BENCH_PRIOR.length, weight: PRIOR_WEIGHT }
    : undefined;
  const { sections, overall } = scoreSections(accuracy, { sections: REWARD_BENCH_SECTIONS, counts: REWARD_BENCH_COUNTS }, prior);
  return overall === undefined ? null : { sections: { ...sections }, overall };
}

function difficultyOf(counts: Readonly<Record<string, PairCounts>>): Benchmark["difficulty"] {
  const { domains, by, overall } = scoreDifficulties(counts);
  if (overall === undefined) return null;
  return { domains: domains.map((row) => ({ domain: row.domain, ...row.by, mean: row.mean })), ...by, overall };
}

function tiesOf(rows: readonly ScoredRow[], scorer: number): Benchmark["ties"] {
  const variants = new Map<string, { single?: Answers; tied?: Answers }>();
  for (const row of rows) {
    const [, variant, key] = /^(ref|tied):(.+)$/.exec(row.id) ?? [];
    const answers = row.subset?.toLowerCase() === "ties" ? answersOf(row, scorer) : undefined;
    if (key === undefined || answers === undefined) continue;
    variants.set(key, { ...variants.get(key), [variant === "ref" ? "single" : "tied"]: answers });
  }
  const prompts = [...variants.values()].flatMap(({ single, tied }) => (single && tied ? [{ single, tied }] : []));
  return prompts.length === 0 ? null : { prompts: prompts.length, ...scoreTies(prompts) };
}

/** Scores of the best-rated candidates and of the others; undefined unless there are both, all of them scored. */
function answersOf({ labels, scores }: ScoredRow, scorer: number): Answers | undefined {
  const own = scores[scorer]!;
  if (labels.type !== "ranked" || !own.every((score) => score !== null)) return undefined;
  const best = Math.max(...labels.ratings);
  const right = own.filter((_, i) => labels.ratings[i] === best);
  const wrong = own.filter((_, i) => labels.ratings[i] !== best);
  return right.length === 0 || wrong.length === 0 ? undefined : { right, wrong };
}
