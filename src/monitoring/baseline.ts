import type { BaselineInfo, ReferenceScores, ScoreDescription } from "../domain/run.ts";
import { type StabilityBins, stabilityBins } from "../evaluation/drift.ts";
import { describeWindow } from "./description.ts";
import type { WindowSample } from "./score-window.ts";
import { stepsOf } from "./steps.ts";

/** What later windows of a series are held against. It does not change. */
export interface Baseline {
  readonly info: BaselineInfo;
  readonly description: ScoreDescription;
  readonly bins: StabilityBins;
  /** Some of its scores, ascending, evenly over all of them; at most {@link BASELINE_SCORES}. */
  readonly sorted: Float64Array;
}

/** Scores of a baseline that are kept. */
const BASELINE_SCORES = 1000;
/** How population stability is measured throughout. */
export const STABILITY = { bins: 10, floor: 1e-4, minCount: 50 } as const;

/**
 * Makes a window the baseline of what comes after it.
 * @param sample at least {@link STABILITY}.minCount kept scores
 */
export function freezeBaseline(sample: WindowSample, source: BaselineInfo["source"]): Baseline {
  const description = describeWindow(sample);
  const { items, mean, std } = description;
  const all = Float64Array.from(sample.values).sort();
  const kept = Math.min(all.length, BASELINE_SCORES);
  return {
    info: { source, items, mean, std, ...stepsOf(sample.facts) },
    description,
    bins: stabilityBins([...all], STABILITY),
    sorted: Float64Array.from({ length: kept }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / kept)]!),
  };
}

/**
 * The baseline that a reference artefact holds.
 * @param scores at least {@link STABILITY}.minCount sorted scores
 */
export function baselineOf({ sorted, gating: _, ...description }: ReferenceScores, reference: string): Baseline {
  const { items, mean, std } = description;
  return {
    info: { source: "reference", reference, items, mean, std },
    description,
    bins: stabilityBins(sorted, STABILITY),
    sorted: Float64Array.from(sorted),
  };
}
