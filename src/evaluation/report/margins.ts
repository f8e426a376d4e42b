import { z } from "zod";
import { moments } from "../../reward/moments.ts";
import { quantileSorted } from "../../reward/numerics.ts";
import { marginsOf, type Scored, scoresOf } from "./rows.ts";

/** Bins of a histogram; even, so that 0 is an edge. */
const BINS = 30;
/** Share of the absolute margins that lie within the inner bins. */
const WITHIN = 0.99;

export const binsSchema = z
  .array(z.object({ low: z.number(), high: z.number(), n: z.int() }))
  .describe("Bins of equal width, symmetric around 0; the outer two also hold what lies beyond them.");
export const quantilesSchema = z
  .object({ p05: z.number(), p25: z.number(), p50: z.number(), p75: z.number(), p95: z.number() })
  .describe("Quantiles, by linear interpolation.");

export const marginsSchema = z
  .object({
    scorer: z.string(),
    n: z.int().describe("Comparisons."),
    mean: z.number(),
    std: z.number().describe("Standard deviation, divisor n − 1."),
    quantiles: quantilesSchema,
    bins: binsSchema,
  })
  .describe("How far the better candidate scores above the worse, in the scorer's own space; below 0 the scorer is wrong.");
export type Margins = z.output<typeof marginsSchema>;

/** Margins of the panel and its members. */
export function marginDistributions({ scorers, rows }: Scored): Margins[] {
  return scorers.flatMap(({ name, role }, i) => {
    if (role === "objective") return [];
    const margins = Float64Array.from(marginsOf(rows, scoresOf(i)), ({ margin }) => margin).sort();
    if (margins.length === 0) return [];
    return [{ scorer: name, n: margins.length, ...spreadOf(margins) }];
  });
}

/** Where numbers lie, around 0. @param sorted ascending, at least one */
export function spreadOf(sorted: Float64Array): Pick<Margins, "mean" | "std" | "quantiles" | "bins"> {
  const { mean, std } = moments(sorted, 1);
  const at = (q: number) => quantileSorted(sorted, q);
  const quantiles = { p05: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) };
  return { mean, std, quantiles, bins: binsOf(sorted) };
}

function binsOf(values: Float64Array): Margins["bins"] {
  const largest = quantileSorted(values.map(Math.abs).sort(), WITHIN);
  // Of nothing but rounding, any width will do.
  const reach = largest > 1e-9 ? largest : 1;
  const width = (2 * reach) / BINS;
  const bins = Array.from({ length: BINS }, (_, b) => ({ low: -reach + b * width, high: -reach + (b + 1) * width, n: 0 }));
  for (const value of values) bins[Math.min(BINS - 1, Math.max(0, Math.floor((value + reach) / width)))]!.n++;
  return bins;
}
