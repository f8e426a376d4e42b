import type { Reading } from "../../domain/panel.ts";
import { quantileGrid } from "../../reward/calibration/empirical-cdf.ts";
import { referenceReward } from "../../reward/reference.ts";

/** Scores of one reading over the reference completions, in the order of the file. */
export interface ReadingScores {
  readonly reading: Reading;
  /** Objective that it reads, where not the judge's scalar. */
  readonly objective: string | undefined;
  readonly raw: number[];
  readonly calibrated: number[];
  /** Digest of the prompt of each. */
  readonly prompts: string[];
}

/** How one number is taken from the scores, for an artefact of kind `value`. */
export type ValueRule = { readonly method: "quantile"; readonly q: number } | { readonly method: "mean" };

/** What every entry says of its reading. */
function entryOf({ reading, objective }: ReadingScores) {
  return {
    judge: reading.judge.name,
    ...(objective !== undefined && { objective }),
    judgeRevision: reading.judge.revision,
    calibration: reading.calibration?.revision ?? "none",
    space: reading.calibratedSpace,
  };
}

/**
 * Reference rewards.
 *
 * @throws {GatewayError} REFERENCE_MISSING when a reading has no scores
 */
export function valuesOf(scores: readonly ReadingScores[], rule: ValueRule) {
  return scores.map((each) => ({ ...entryOf(each), value: referenceReward(each.calibrated, rule) }));
}

/** Calibrated scores by prompt; completions of one prompt in several records are together. */
export function responsesOf(scores: readonly ReadingScores[]) {
  return scores.map((each) => {
    const responses: Record<string, number[]> = {};
    for (const [i, prompt] of each.prompts.entries()) {
      responses[prompt] ??= [];
      responses[prompt].push(each.calibrated[i]!);
    }
    return { ...entryOf(each), responses };
  });
}

/** Sorted scores before and after calibration, 1,001 quantiles of more than that. */
export function distributionsOf(scores: readonly ReadingScores[]) {
  return scores.map((each) => ({ ...entryOf(each), raw: [...quantileGrid(each.raw)], calibrated: [...quantileGrid(each.calibrated)] }));
}
