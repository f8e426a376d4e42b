import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { ScoreSpace } from "../../domain/score-space.ts";
import type { RunningMomentsValue } from "../../domain/state.ts";
import type { TransformKind } from "../kinds.ts";
import type { Optional } from "../missing.ts";
import { addBatch, momentsOf, type RunningMoments } from "../welford.ts";
import { clipTo } from "./clip.ts";
import { scaleBetween } from "./group-scale.ts";
import { throughMissing } from "./through-missing.ts";

/** A batch on the scales of everything that its stream has seen, this batch included. */
export interface RunningScale {
  /** The state to carry on with. Batches of one stream must be taken one after the other, each with the state that it left. */
  readonly state: RunningMoments;
  readonly mean: number;
  readonly std: number;
  /** (s − mean) / std; divided by 1 while the stream has no spread. */
  readonly standardised: readonly Optional[];
  /** s kept within mean ± std. */
  readonly clipped: readonly Optional[];
  /** (s − min) / (max − min) of the stream; ½ while it has no range. */
  readonly minMax: readonly Optional[];
  /** The stream has no spread yet. */
  readonly degenerate: boolean;
}

/**
 * Scales a batch by running statistics of its judge: first the batch joins the statistics, then it is scaled by them.
 *
 * @param state  what the stream has seen before
 * @param scores the next batch, shape [n]; null is no part of the statistics and stays null
 * @param ddof   taken off the divisor of the variance; the published code uses 0
 * @returns the new state, and the batch on each of three scales, shape [n], same order
 * @complexity O(n), pure
 * @see Fu et al. 2025, Reward Shaping to Mitigate Reward Hacking in RLHF, arXiv:2502.18770
 * @example runningScale({ n: 0, mean: 0, squares: 0, min: Infinity, max: -Infinity }, [1, 3], 0).standardised[1] // → 1
 */
export function runningScale(state: RunningMoments, scores: readonly Optional[], ddof: number): RunningScale {
  const after = addBatch(
    state,
    scores.filter((score) => score !== null),
  );
  const { mean, std } = momentsOf(after, ddof);
  const degenerate = std === 0;
  const divisor = degenerate ? 1 : std;
  return {
    state: after,
    mean,
    std,
    standardised: throughMissing(scores, (present) => present.map((score) => (score - mean) / divisor)),
    clipped: throughMissing(scores, (present) => clipTo(present, { lo: mean - std, hi: mean + std })),
    minMax: throughMissing(scores, (present) => scaleBetween(present, after.min, after.max).scores),
    degenerate,
  };
}

/** How a score stands to its running statistics. */
type ScaleForm = "standardised" | "clipped" | "minMax";

/**
 * Scores on the scale that a stream has left behind, without joining it: (s − mean)/std, s kept within mean ± std, or (s − min)/(max − min).
 *
 * @param scores shape [n]
 * @param scale  what the stream left behind; before its first score, scores stay as they are and `minMax` is ½
 * @returns shape [n], same order
 * @complexity O(n), pure
 * @see Fu et al. 2025, Reward Shaping to Mitigate Reward Hacking in RLHF, arXiv:2502.18770
 * @example onRunningScale(Float64Array.of(3), { count: 2, mean: 1, std: 2, squares: 8, min: -1, max: 3 }, "standardised")[0] // → 1
 */
export function onRunningScale(scores: Float64Array, scale: RunningMomentsValue, form: ScaleForm): Float64Array {
  const { count, mean = 0, std, min = 0, max = 0 } = scale;
  if (form === "minMax") return scaleBetween(scores, min, max).scores;
  if (count === 0) return scores;
  if (form === "clipped") return clipTo(scores, { lo: mean - std, hi: mean + std });
  return scores.map((score) => (score - mean) / (std || 1));
}

const params = z
  .strictObject({
    state: z.string().min(1).describe("Name of a state of kind runningScale that follows this judge."),
    form: z
      .enum(["standardised", "clipped", "minMax"])
      .default("standardised")
      .describe(
        "`standardised` (score − mean)/std, `clipped` within mean ± std, `minMax` (score − min)/(max − min). Default standardised.",
      ),
  })
  .describe("The score on the scale of everything that the run has reported of this judge. The answer names the version that it read.");

/** Standardised scores are in deviations, and clipped ones keep their unit. */
function spaceAfter(spaceIn: ScoreSpace, form: ScaleForm): ScoreSpace {
  if (form === "clipped") return spaceIn;
  return form === "minMax" ? "unit" : "native";
}

/** Scaling by server state: every replica and every worker of a run uses the same numbers. */
export const runningScaleTransform: TransformKind<typeof params> = {
  method: "runningScale",
  params,
  accepts: ["logit", "native", "probability", "unit", "logProbability"],
  spaceOut: (spaceIn, chosen) => spaceAfter(spaceIn, chosen?.form ?? "standardised"),
  problems: () => [],
  create: ({ state: name, form }, { spaceIn, revision, judge }) => ({
    name: "runningScale",
    spaceIn,
    spaceOut: spaceAfter(spaceIn, form),
    revision,
    state: name,
    apply: (scores, { state }) => {
      const scale = state?.kind === "runningScale" ? state.value.scales[judge] : undefined;
      if (scale === undefined) throw new GatewayError("INTERNAL", `state "${name}" holds no scale of judge "${judge}"`);
      return onRunningScale(scores, scale, form);
    },
  }),
};
