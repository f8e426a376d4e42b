import { z } from "zod";
import { CHAT_JUDGE_KEYS, ENOUGH_SAMPLES, SAMPLING_KEYS } from "../generative/chat-params.ts";
import { principlesSchema } from "../generative/principles.ts";

/** Keys of every judge that compares candidates two by two, whatever answers. */
const COMPARING_KEYS = {
  opponents: z
    .enum(["all", "knockout", "reference", "baselines"])
    .default("all")
    .describe(
      "Whom each candidate is compared with. `all`: every other one, N(N − 1)/2 comparisons. `knockout`: N − 1 comparisons in rounds. " +
        "`reference`: the item's reference. `baselines`: each of the item's baselines. Default all.",
    ),
  orders: z
    .enum(["both", "one"])
    .default("both")
    .describe("Whether each pair is shown in both orders. `one` halves the calls and keeps the judge's bias for a place. Default both."),
  disagreement: z
    .enum(["average", "tie"])
    .default("average")
    .describe("A pair whose orders name different winners: the mean of both probabilities, or a tie. Default average."),
  tieMargin: z
    .number()
    .min(0)
    .lt(0.5)
    .default(0)
    .describe("A probability of winning that is no further from one half counts as a tie, one half. Default 0."),
  score: z
    .enum(["winRate", "bradleyTerry", "nash", "nashWinRate", "roundsWon"])
    .optional()
    .describe(
      "`winRate`: mean probability of winning. `bradleyTerry`: log-strength, mean 0. `nash`: share in the mixture that no candidate beats. " +
        "`nashWinRate`: probability of beating that mixture. `roundsWon`: share of a knockout's rounds. Default winRate, in a knockout roundsWon.",
    ),
  prior: z
    .number()
    .gt(0)
    .max(100)
    .default(0.5)
    .describe("Bradley–Terry: pseudo-wins of every candidate over every other one, so that strengths are finite. Default 0.5."),
  minCompared: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      "Least share of a candidate's comparisons that must have an answer. Candidates with the fewest are failed first, until every other " +
        "one has enough among those that are left. Default 1.",
    ),
  maxComparisons: z
    .int()
    .min(1)
    .max(100_000)
    .default(120)
    .describe("Most pairs of one item; an item with more is refused. Each is asked once an order and sample. Default 120: 16 candidates."),
};

/** Their names: all of them are about the use of a model and not about the model. */
export const COMPARING_NAMES: readonly string[] = Object.keys(COMPARING_KEYS);

export type ComparingParams = z.output<z.ZodObject<typeof COMPARING_KEYS>>;
export type ScoreMethod = NonNullable<ComparingParams["score"]>;

/** How candidates are scored. */
export function scoreOf({ score, opponents }: Pick<ComparingParams, "score" | "opponents">): ScoreMethod {
  return score ?? (opponents === "knockout" ? "roundsWon" : "winRate");
}

/** What a score means: a log-strength, or a share. */
export function spaceOf(params: Pick<ComparingParams, "score" | "opponents">): "logit" | "unit" {
  return scoreOf(params) === "bradleyTerry" ? "logit" : "unit";
}

const SCORES: Readonly<Record<ComparingParams["opponents"], readonly ScoreMethod[]>> = {
  all: ["winRate", "bradleyTerry", "nash", "nashWinRate"],
  knockout: ["roundsWon", "bradleyTerry"],
  reference: ["winRate"],
  baselines: ["winRate"],
};

/** What does not go together. */
const SCORE_FITS: [(params: ComparingParams) => boolean, { error: string; path: PropertyKey[] }] = [
  (params) => SCORES[params.opponents].includes(scoreOf(params)),
  {
    error: `these opponents have no such score; there are: ${Object.entries(SCORES)
      .map(([opponents, scores]) => `${opponents}: ${scores.join(", ")}`)
      .join("; ")}`,
    path: ["score"],
  },
];
const NASH_COMPARES_ALL: [(params: ComparingParams) => boolean, { error: string; path: PropertyKey[] }] = [
  (params) => params.minCompared === 1 || !scoreOf(params).startsWith("nash"),
  { error: "a mixture that nobody beats needs every comparison: leave minCompared at 1", path: ["minCompared"] },
];

const reading = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("verdict").describe("The winner that the judge writes, or a tie, which counts one half.") }),
  z.strictObject({
    type: z.literal("probability").describe("The probability of each name at the token of the verdict; that of a tie counts one half."),
    minMass: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe("Least probability of both names and the tie together; below it the comparison has no answer. Default 0.5."),
  }),
]);

/** What `rewardgate.yaml` says about a judge that compares candidates two by two behind a chat server. */
export const pairwiseSchema = z
  .strictObject({
    kind: z.literal("pairwise").describe("A model that is asked which of two responses is better."),
    ...CHAT_JUDGE_KEYS,
    principles: principlesSchema,
    reading: reading.prefault({ type: "verdict" }).describe("How a comparison is read. Default the verdict that it writes."),
    critique: z.boolean().default(true).describe("Whether the judge writes a critique before its verdict. Default true."),
    ...COMPARING_KEYS,
    ...SAMPLING_KEYS,
    samples: z.int().min(1).max(32).default(1).describe("Answers for each pair and order; their verdicts are votes. Default 1."),
  })
  .refine(...ENOUGH_SAMPLES)
  .refine(...SCORE_FITS)
  .refine(...NASH_COMPARES_ALL)
  .describe("A judge that compares candidates two by two, behind a chat server.");

export type PairwiseConfig = z.output<typeof pairwiseSchema>;

/** What the `judge.yaml` of a model that reads two responses says, besides what every bundle says. */
export const pairModelParams = z
  .strictObject({
    outputs: z
      .strictObject({ score: z.string().min(1).describe("Name of the output tensor with one logit: that the first response is better.") })
      .describe("Names of the model's output tensors."),
    ...COMPARING_KEYS,
  })
  .refine(...SCORE_FITS)
  .refine(...NASH_COMPARES_ALL);

export type PairModelParams = z.output<typeof pairModelParams>;
