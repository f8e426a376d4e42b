import { z } from "zod";
import { ALARM_KINDS } from "../../domain/run.ts";
import { SCORE_SPACES } from "../../domain/score-space.ts";

/*
 * The JSON of answers about training runs, for the OpenAPI document; a test holds answers to these.
 */
const number = (description: string) => z.number().meta({ description });
const optionalNumber = (description: string) => z.number().optional().meta({ description });
const count = (description: string) => z.number().meta({ type: "integer", minimum: 0, description });
const text = (description: string) => z.string().meta({ description });
const optionalText = (description: string) => z.string().optional().meta({ description });
const step = (description: string) => z.number().optional().meta({ type: "integer", minimum: 0, description });

const panel = text("Name of the panel.");
const member = optionalText("Name of the member. Absent when it is about the panel's reward.");
const judge = optionalText("Name of the member's judge.");
const domain = optionalText("The domain. Absent when it is about all domains together.");

const RunSummary = z
  .strictObject({
    run: text("Name that requests gave."),
    items: count("Items seen since the run was first heard of; one sent again counts once."),
    panels: z.array(z.string()).meta({ description: "Panels that have windows." }),
    domains: z.array(z.string()).meta({ description: "Domains that have windows of their own." }),
    firstStep: step("First step that requests told."),
    lastStep: step("Last step that requests told."),
    policyVersion: optionalText("Of the newest item that told one."),
    alarms: count("Alarms that are raised now."),
  })
  .meta({ id: "RunSummary", description: "A run at a glance." });

const ScoreQuantiles = z
  .strictObject({ q05: number("5 %."), q25: number("25 %."), q50: number("The median."), q75: number("75 %."), q95: number("95 %.") })
  .meta({ id: "ScoreQuantiles", description: "Quantiles of scores, linear interpolation." });

const Baseline = z
  .strictObject({
    source: z
      .enum(["first_window", "pinned", "reference"])
      .meta({ description: "The first full window of the run, one that someone pinned, or a reference of the configuration." }),
    reference: optionalText("Name of the reference, where it is one."),
    items: count("Items in it."),
    mean: number("Its mean."),
    std: number("Its standard deviation."),
    firstStep: step("Its first step."),
    lastStep: step("Its last step."),
  })
  .meta({ id: "BaselineInfo", description: "A baseline." });

const RunDrift = z
  .strictObject({
    baseline: Baseline,
    meanShift: optionalNumber("Difference of the means in standard deviations of the baseline. Absent where the baseline does not vary."),
    spreadRatio: optionalNumber("Standard deviation over that of the baseline. Absent where the baseline does not vary."),
    psi: number("Population stability index over ten bins of the baseline."),
    ks: number("Kolmogorov–Smirnov distance."),
    ksP: number("Its asymptotic probability, for independent scores."),
  })
  .meta({ id: "RunDrift", description: "How far a window is from its baseline." });

const RunDisagreement = z
  .strictObject({
    spread: optionalNumber(
      "Mean over candidates of the standard deviation over members, each in standard deviations of its baseline. Absent before two " +
        "members have a baseline.",
    ),
    ratio: optionalNumber("Spread over that of its own baseline."),
    pairConflictRate: optionalNumber("Share of pairs of candidates that members order in opposite ways. Absent without such pairs."),
  })
  .meta({ id: "RunDisagreement", description: "How far the members of a panel part." });

const RunRow = z
  .strictObject({
    panel,
    member,
    judge,
    standing: z.enum(["counts", "shadow", "audit"]).optional().meta({ description: "What the member's scores are for." }),
    domain,
    policyVersion: optionalText("The policy version, when rows are told apart by it."),
    space: z.enum(SCORE_SPACES).meta({ description: "What the numbers mean." }),
    items: count("Items in the window that have a score."),
    scores: count("Candidates with a score."),
    firstStep: step("First step in the window."),
    lastStep: step("Last step in the window."),
    mean: number("Mean score: of a member calibrated, of the panel the reward."),
    std: number("Standard deviation, divisor scores − 1; 0 with one score."),
    quantiles: ScoreQuantiles,
    passThreshold: optionalNumber("A score above it passes. Absent where the space has no natural one and none is configured."),
    passRate: optionalNumber("Share of scores that pass."),
    groups: count("Items with two scores or more."),
    zeroVarianceShare: optionalNumber("Share of groups whose scores are all the same, and which teach nothing. Absent without groups."),
    meanLength: number("Mean length of the candidates."),
    lengthCorrelation: optionalNumber("Spearman's correlation of score and length. Absent where one of them does not vary."),
    meanTokens: optionalNumber("Mean tokens that the judge read per candidate. Absent in the row of the reward."),
    drift: RunDrift.optional(),
    satisfiedRate: optionalNumber(
      "Share of candidates that satisfy the panel's constraints, of those of which that is known. In the row of the reward.",
    ),
    disagreement: RunDisagreement.optional(),
    gating: z.record(z.string(), z.number()).optional().meta({ description: "Objective name → mean gating weight." }),
    gatingDrift: optionalNumber("Jensen–Shannon divergence of the mean gating from the baseline's, as a share of ln 2, in [0, 1]."),
  })
  .meta({ id: "RunRow", description: "Statistics of one window, or of the part of it that one policy version wrote." });

const RunAlarm = z
  .strictObject({
    number: count("Counted from 1 within the run, in the order in which alarms were raised."),
    kind: z.enum(ALARM_KINDS).meta({ description: "What it is about." }),
    state: z.enum(["raised", "cleared"]).meta({ description: "Whether it still holds." }),
    panel,
    member,
    judge,
    domain,
    value: number("The measure when the alarm was raised, in the unit of its kind."),
    threshold: number("What the measure passed."),
    items: count("Items in the window then."),
    firstStep: step("First step in that window."),
    lastStep: step("Last step in that window."),
    policyVersion: optionalText("Of the newest item in that window."),
    raisedAtItem: count("Items of the run that had been seen when it was raised."),
    clearedAtItem: z.number().optional().meta({ type: "integer", description: "And when it was cleared." }),
    examples: z.array(z.string()).meta({ description: "Ids of up to five items of the window that show it best." }),
  })
  .meta({ id: "RunAlarm", description: "Something in a run that a person should look at." });

export const RunsJson = z
  .strictObject({ runs: z.array(RunSummary).meta({ description: "Last heard of first." }) })
  .meta({ id: "RunsResponse", description: "Every run that is remembered." });

export const RunReportJson = z
  .strictObject({
    summary: RunSummary,
    rows: z.array(RunRow).meta({ description: "One per window that the query asks for and that holds a score." }),
  })
  .meta({ id: "RunResponse", description: "Statistics of one run." });

export const RunAlarmsJson = z
  .strictObject({ alarms: z.array(RunAlarm).meta({ description: "Newest first; cleared ones are kept up to a bound." }) })
  .meta({ id: "RunAlarmsResponse", description: "The alarms of a run." });

export const PinBaselineJson = z
  .strictObject({ baselines: count("How many windows have a new baseline.") })
  .meta({ id: "PinBaselineResponse", description: "What was pinned." });

export const ForgottenJson = z.strictObject({}).meta({ id: "DeleteRunResponse", description: "It is forgotten." });
