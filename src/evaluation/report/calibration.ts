import { z } from "zod";
import { adaptiveEce, reliability } from "../../reward/calibration/reliability.ts";
import { sigmoid, softplus, sum } from "../../reward/numerics.ts";
import { calibrationFloor } from "../calibration-floor.ts";
import { estimateMean, estimateSchema, proportionOf } from "./estimate.ts";
import { type Margin, marginsOf, type Scored, scoresOf } from "./rows.ts";

const BINS = 10;

export const calibrationSchema = z
  .object({
    scorer: z.string(),
    n: z.int().describe("Comparisons."),
    ece: z.number().describe("Expected calibration error over bins of equal width on [½, 1]."),
    adaptiveEce: z.number().describe("The same over bins of equal mass."),
    floor: z.number().describe("Expected calibration error that a perfectly calibrated judge would show on as many comparisons."),
    nll: estimateSchema.describe("Mean negative log-likelihood of people's choices, nats; a coin has 0.693."),
    brier: estimateSchema.describe("Mean of (1 − p)², p the probability given to people's choice; a coin has 0.25."),
    meanConfidence: z.number().describe("Mean of max(p, 1 − p). Above the accuracy, the scorer is too sure of itself."),
    bins: z
      .array(
        z.object({
          low: z.number(),
          high: z.number(),
          n: z.int(),
          confidence: z.number().nullable().describe("Mean confidence; null in an empty bin."),
          accuracy: z.number().nullable().describe("Share that is right, a tie one half."),
          accuracyLow: z.number().nullable(),
          accuracyHigh: z.number().nullable(),
        }),
      )
      .describe("The reliability diagram: how sure the scorer is, and how often it is right then."),
  })
  .describe("Whether σ(margin) is the probability that people prefer the better candidate. Scorers in log-odds only.");
export type Calibration = z.output<typeof calibrationSchema>;

/** Calibration of the panel and the members whose scores are log-odds. */
export function calibrations({ scorers, rows }: Scored): Calibration[] {
  return scorers.flatMap(({ name, role, space }, i) => {
    if (role === "objective" || space !== "logit") return [];
    const margins = marginsOf(rows, scoresOf(i));
    return margins.length === 0 ? [] : [{ scorer: name, ...calibrationOf(margins) }];
  });
}

function calibrationOf(margins: readonly Margin[]): Omit<Calibration, "scorer"> {
  const confidence = margins.map(({ margin }) => sigmoid(Math.abs(margin)));
  // A tie is half right, so that the order of the two sides does not matter.
  const right = margins.map(({ margin }) => (Math.sign(margin) + 1) / 2);
  const bins = reliability(confidence, right, 2 * BINS).bins.slice(BINS);
  const n = margins.length;
  const over = (loss: (margin: number) => number) => margins.map(({ row, margin }) => ({ prompt: row.prompt, value: loss(margin) }));
  return {
    n,
    ece: sum(bins.map((bin) => (bin.n === 0 ? 0 : (bin.n / n) * Math.abs(bin.meanP! - bin.meanY!)))),
    adaptiveEce: adaptiveEce(confidence, right, BINS),
    floor: calibrationFloor(bins),
    nll: estimateMean(over(lossOf), [0, Infinity]),
    brier: estimateMean(over(squareOf), [0, 1]),
    meanConfidence: sum(confidence) / n,
    bins: bins.map(({ low, high, meanP }, b) => {
      const inside = margins.filter((_, i) => Math.min(2 * BINS - 1, Math.floor(2 * BINS * confidence[i]!)) === BINS + b);
      const share = proportionOf(inside);
      return {
        low,
        high,
        n: inside.length,
        confidence: meanP,
        accuracy: share?.accuracy ?? null,
        accuracyLow: share?.low ?? null,
        accuracyHigh: share?.high ?? null,
      };
    }),
  };
}

/** −ln σ(margin). */
function lossOf(margin: number): number {
  return softplus(-margin);
}

function squareOf(margin: number): number {
  return sigmoid(-margin) ** 2;
}
