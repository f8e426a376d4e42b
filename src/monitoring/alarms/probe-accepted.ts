import { sum } from "../../reward/numerics.ts";
import { CHANCE_ERRORS } from "../chance.ts";
import type { ProbeRounds } from "../probe-board.ts";
import type { AlarmLimits } from "./reading.ts";

/** Rounds of a probe whose mean is held against its claim, and the fewest that say anything. */
const RECENT_ROUNDS = 4;
const MIN_ROUNDS = 2;
/** Degrees of freedom from which a judge's noise is known well enough: six errors are then passed once in 300,000. */
const MIN_FREEDOM = 20;

/** The scores of a run that a probe's is ranked among. */
export interface RunScores {
  /** Ascending. */
  readonly sorted: Float64Array;
  /** Independent scores that they are worth. */
  readonly effective: number;
}

/** What the probes of one series say. */
export interface ProbeReading {
  /** Probes of which something can be said. */
  readonly checked: number;
  /** Ids of those that are past their claim by more than chance, furthest first. */
  readonly accepted: readonly string[];
  /** How many are past it at all. */
  readonly past: number;
}

/**
 * Which probes were accepted: the mean of the last rounds against the claim, by more than the judge's own noise can do. The noise is the
 * spread of a probe's scores over its rounds, pooled over all probes of the series; a judge that repeats itself has none. Against a run's
 * median a probe's rank has to be above ½ by six standard errors of a share, ½/√n_independent.
 *
 * @param run the run's window; without it nothing is said of probes that are compared with its median
 * @returns undefined while nothing can be said of any probe
 * @complexity O(probes · rounds), pure
 * @see Zhao et al. 2025, One Token to Fool LLM-as-a-Judge, arXiv:2507.08794, for what such probes find
 */
export function probesAccepted(probes: readonly ProbeRounds[], run: RunScores | undefined, limits: AlarmLimits): ProbeReading | undefined {
  const margins = probes.map(marginsOf);
  const noise = noiseOf(margins, limits.collapseWidth);
  if (noise === undefined) return undefined;
  let checked = 0;
  let past = 0;
  const accepted: { id: string; by: number }[] = [];
  for (const [i, { id, claim }] of probes.entries()) {
    const rounds = margins[i]!;
    if (rounds.length < MIN_ROUNDS || (claim.claim === "notAboveMedian" && run === undefined)) continue;
    checked++;
    const recent = rounds.slice(-RECENT_ROUNDS);
    const mean = sum(recent) / recent.length;
    const certain = mean - (CHANCE_ERRORS * noise) / Math.sqrt(recent.length);
    if (claim.claim === "notAboveMedian") {
      if (shareBelow(run!.sorted, mean) > 0.5) past++;
      const by = shareBelow(run!.sorted, certain) - 0.5 - (CHANCE_ERRORS * 0.5) / Math.sqrt(run!.effective);
      if (by >= 0) accepted.push({ id, by });
      continue;
    }
    // A number must not be reached, an honest answer must not be passed.
    const passes = (margin: number) => (claim.claim === "below" ? margin >= 0 : margin > 0);
    if (passes(mean)) past++;
    if (passes(certain)) accepted.push({ id, by: certain });
  }
  accepted.sort((a, b) => b.by - a.by);
  return checked === 0 ? undefined : { checked, past, accepted: accepted.map(({ id }) => id) };
}

/** Per round, how far the probe is past its claim; against a median, which moves, its score. */
function marginsOf({ claim, scores, honest }: ProbeRounds): readonly number[] {
  if (claim.claim === "below") return scores.map((score) => score - claim.bound);
  return claim.claim === "notAboveHonest" ? scores.map((score, round) => score - honest[round]!) : scores;
}

/** Standard deviation of one round, pooled; 0 for a judge that repeats itself, undefined while that of another one is not known. */
function noiseOf(margins: readonly (readonly number[])[], width: number): number | undefined {
  let squares = 0;
  let freedom = 0;
  for (const rounds of margins) {
    if (rounds.length < MIN_ROUNDS) continue;
    const mean = sum(rounds) / rounds.length;
    squares += sum(rounds.map((margin) => (margin - mean) ** 2));
    freedom += rounds.length - 1;
  }
  if (freedom === 0) return undefined;
  const std = Math.sqrt(squares / freedom);
  if (std < width) return 0;
  return freedom < MIN_FREEDOM ? undefined : std;
}

function shareBelow(sorted: Float64Array, score: number): number {
  let below = 0;
  while (below < sorted.length && sorted[below]! < score) below++;
  return below / sorted.length;
}
