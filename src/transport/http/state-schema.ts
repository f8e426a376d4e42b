import { z } from "zod";
import { MAX_VERSION } from "../state-rules.ts";
import { listOf } from "./list.ts";
import { count, LABEL } from "./request-schema.ts";

/*
 * The JSON of requests and answers about server state. As in request-schema.ts, the schemas of requests parse them and give the
 * OpenAPI document; those of answers are for the document, and a test holds answers to them.
 */
const label = (description: string) => z.string().meta({ ...LABEL, description });
const numbers = (description: string) => z.record(z.string(), z.number()).optional().meta({ description });

const run = label("The client's id of the run.");
const stepId = label("The client's id of this step or reset, unique within the run. Sent again, it gives the version that it made.");
const version = count.exactOptional();
const versionMeta = { type: "integer", minimum: 0, maximum: MAX_VERSION } as const;
const perJudge = (description: string) => z.record(z.string(), z.number().nullable()).exactOptional().meta({ description });

export const StepStateJson = z
  .strictObject({
    run,
    stepId,
    meanRewards: perJudge("multipliers: judge → mean reward since the last step; null or left out when there is none."),
    losses: perJudge("hedge: judge → loss on one piece of feedback, nats; null or left out when there is none."),
    scores: z
      .record(z.string(), listOf(z.number()))
      .exactOptional()
      .meta({ description: "runningScale: judge → new scores, in the order of their stream." }),
    bundleScores: listOf(z.number())
      .exactOptional()
      .meta({ description: "quantileTracker: sum of the rewards of each bundle of questions." }),
  })
  .meta({ id: "StepStateRequest", description: "What a step reports, in the field that the state's kind reads." });

export const ResetStateJson = z.strictObject({ run, stepId }).meta({ id: "ResetStateRequest", description: "Which run to reset." });

export const PinStateJson = z
  .strictObject({ run, version: version.meta({ ...versionMeta, description: "The version to pin. Default the latest." }) })
  .meta({ id: "PinStateRequest", description: "Which version to pin." });

export const UnpinStateJson = z.strictObject({ run }).meta({ id: "UnpinStateRequest", description: "Which run to unpin." });

const RunningMoments = z
  .strictObject({
    count: z.number().meta({ description: "Scores that were seen." }),
    mean: z.number().optional().meta({ description: "Absent before the first score." }),
    std: z.number().meta({ description: "0 while the stream has no spread." }),
    squares: z.number().meta({ description: "Σ (score − mean)²." }),
    min: z.number().optional().meta({ description: "Least score; absent before the first." }),
    max: z.number().optional().meta({ description: "Greatest score; absent before the first." }),
  })
  .meta({ id: "RunningMoments", description: "What a stream of scores leaves behind." });

const StateValue = z
  .strictObject({
    lambda: numbers("multipliers: judge → weight, in (0, 1) for inequalities, in (−1, 1) for equalities."),
    mu: numbers("multipliers: judge → unbounded multiplier, of which lambda is a function."),
    velocity: numbers("multipliers: judge → momentum of the descent."),
    weights: numbers("hedge: judge → weight, ≥ 0; they sum to 1."),
    scales: z.record(z.string(), RunningMoments).optional().meta({ description: "runningScale: judge → what its scores left behind." }),
    quantiles: z
      .strictObject({
        down: z.number().meta({ description: "Lower quantile." }),
        up: z.number().meta({ description: "Upper quantile." }),
      })
      .optional()
      .meta({ description: "quantileTracker: absent before the first batch." }),
  })
  .meta({ id: "StateValue", description: "The fields of the state's kind." });

const kind = z.enum(["multipliers", "hedge", "runningScale", "quantileTracker"]).meta({ description: "What the state follows." });

const StateSnapshot = z
  .strictObject({
    name: z.string().meta({ description: "Name in the configuration." }),
    run: z.string().meta({ description: "The client's id of the run." }),
    version: z.number().meta({ ...versionMeta, description: "0 is the initial value; each step and each reset adds 1." }),
    kind,
    value: StateValue,
  })
  .meta({ id: "StateSnapshot", description: "One version of a state, for ever the same bits." });

export const StateJson = z.strictObject({ state: StateSnapshot }).meta({ id: "StateResponse", description: "One version of a state." });

export const StatesJson = z
  .strictObject({
    states: z
      .array(
        z
          .strictObject({
            name: z.string().meta({ description: "Name in the configuration." }),
            kind,
            description: z.string().meta({ description: "What it is for." }),
            judges: z.array(z.string()).meta({ description: "Judges that its value covers; empty when it follows one stream of its own." }),
            runs: z.number().meta({ description: "Runs that have steps." }),
          })
          .meta({ id: "State" }),
      )
      .meta({ description: "In the order of the configuration." }),
  })
  .meta({ id: "StatesResponse", description: "Every state." });

export const StateHistoryJson = z
  .strictObject({
    versions: z
      .array(
        z
          .strictObject({
            version: z.number().meta({ ...versionMeta, description: "Its number." }),
            change: z.enum(["start", "step", "reset"]).meta({ description: "What made it." }),
            stepId: z.string().optional().meta({ description: "The client's id of the step or the reset; absent on version 0." }),
            inputDigest: z.string().optional().meta({ description: "Digest of what the step reported; absent on version 0." }),
            at: z.string().meta({ format: "date-time", description: "When, in UTC." }),
            pinned: z.boolean().meta({ description: "Whether reading without a version gives this one." }),
          })
          .meta({ id: "StateVersion" }),
      )
      .meta({ description: "Oldest first; empty for a run that was never stepped." }),
  })
  .meta({ id: "StateHistoryResponse", description: "The versions of a run that are kept." });
