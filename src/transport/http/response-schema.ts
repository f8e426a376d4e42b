import { z } from "zod";
import { ERROR_TABLE } from "../../domain/errors.ts";
import { OPEN_REASONS } from "../../domain/panel.ts";
import { STOPPING_REASONS } from "../../domain/score.ts";
import { SCORE_SPACES } from "../../domain/score-space.ts";

/*
 * The JSON of answers, for the OpenAPI document. Answers are written by ../to-json.ts without a schema; a test holds every
 * answer of its suite to these.
 */
const number = (description: string) => z.number().meta({ description });
const optionalNumber = (description: string) => z.number().optional().meta({ description });
const text = (description: string) => z.string().meta({ description });
const names = (description: string) => z.array(z.string()).meta({ description });
const byObjective = (description: string) => z.record(z.string(), z.number()).optional().meta({ description });

const ErrorObject = z
  .strictObject({
    reason: z.enum(Object.keys(ERROR_TABLE) as [string, ...string[]]).meta({ description: "A key of the error table." }),
    message: text("What, where, what to do. Holds no text of a prompt or of a candidate."),
    retryable: z.boolean().meta({ description: "Whether the same request may succeed later." }),
    details: z
      .strictObject({
        field: z.string().optional().meta({ description: "Path of the field at fault." }),
        itemId: z.string().optional().meta({ description: "Id of the item at fault." }),
        retryAfterMs: optionalNumber("Milliseconds after which a retry is sensible; on retryable errors of a call or a line."),
        limit: optionalNumber("The limit that was passed, in the unit that the message names."),
        suggestions: z.array(z.string()).optional().meta({ description: "Nearest known names, when a name was not found." }),
        requestId: z.string().optional().meta({ description: "The request id, as in the `x-request-id` header and in the log." }),
      })
      .optional()
      .meta({ description: "Facts for programs." }),
  })
  .meta({ id: "Error", description: "Why something has no number, or why a request was refused." });

export const ErrorJson = z.strictObject({ error: ErrorObject }).meta({ id: "ErrorResponse", description: "The body of every error." });

const JudgePart = z
  .strictObject({
    judge: text("Name of the judge."),
    member: text("Name of the member; the judge's, unless the panel names it otherwise."),
    shadow: z.boolean().meta({ description: "Whether the member only watches: shown with weight 0, without effect on the reward." }),
    outcome: z.enum(["scored", "failed", "skipped", "abstained", "not_applicable", "not_asked"]).meta({ description: "What it did." }),
    raw: optionalNumber("The judge's own number, in its score space. Present exactly when the outcome is `scored`."),
    calibrated: optionalNumber("After calibration; equal to `raw` where the member has none."),
    transformed: optionalNumber("After the transforms. Present when the outcome is `scored`, or imputed."),
    weight: number("Effective weight in this candidate's reward, ≥ 0; 0 when the member did not count."),
    contribution: optionalNumber("What the member added to the reward. Contributions sum to the reward."),
    advantage: optionalNumber("The member's score standardised within the group, where the panel standardises members apart."),
    objectives: byObjective("Objective name → raw value. With detail `full`."),
    gating: byObjective("Objective name → gating weight that was used. With detail `full`."),
    objectiveContributions: byObjective("Objective name → what it added to the judge's scalar. With detail `full`."),
    critique: z
      .string()
      .optional()
      .meta({ description: "What a generative judge wrote about the candidate: untrusted text, to be shown only. With detail `full`." }),
    findings: z
      .array(
        z.strictObject({
          name: text("What was looked at, in the words of the judge's kind: an item of a checklist, `step 3`, `vs 1`."),
          value: optionalNumber("What came of it, in the unit of the judge's kind."),
          text: z.string().optional().meta({ description: "Quoted or written by a model: untrusted text, to be shown only." }),
          start: optionalNumber("First UTF-16 code unit of its place in the candidate's text."),
          end: optionalNumber("One past the last."),
        }),
      )
      .optional()
      .meta({
        description:
          "What the score was made from, in the order in which the judge looked; without a score, what it saw before it gave up. With detail `full`.",
      }),
    tokenRewards: z.array(z.number()).optional().meta({
      description:
        "A reward for each token of the request's `offsets.tokenEnds`, in its order, in the judge's own scale. From a judge of steps, with detail `full`.",
    }),
    revision: text("Digest of judge, calibration and transforms: equal revisions give equal numbers."),
    determinism: text("How far the raw score may move beside other items: `bitwise`, `tolerance(x)` or `none`."),
    cached: z.boolean().meta({ description: "Whether the raw score came from the cache." }),
    imputed: z.boolean().meta({ description: "Whether `transformed` is the value of an impute policy and not a score." }),
    truncated: z
      .strictObject({
        side: z.enum(["prompt_start", "candidate_end", "both"]).meta({ description: "Where." }),
        droppedTokens: number("How many tokens, ≥ 1."),
      })
      .optional()
      .meta({ description: "Present when text was dropped to fit the model." }),
    tokens: number("Tokens that the model read for this candidate under this judge."),
    error: ErrorObject.optional().meta({ description: "Why there is no score." }),
  })
  .meta({ id: "JudgePart", description: "One judge's part in a candidate's reward." });

const Verdict = z.enum(["satisfied", "violated", "unknown"]).meta({ description: "`unknown`: it could not be judged." });

const Constraints = z
  .strictObject({
    verdict: Verdict,
    parts: z
      .array(
        z.strictObject({
          constraint: text("Name of the constraint."),
          judge: text("Name of its judge."),
          verdict: Verdict,
          score: optionalNumber("The transformed score that was held against the bound."),
          atLeast: optionalNumber("The constraint holds at this score or above."),
          atMost: optionalNumber("The constraint holds at this score or below."),
          revision: text("Digest of judge, objective, calibration and transforms."),
          cached: z.boolean().meta({ description: "Whether the raw score came from the cache." }),
          error: ErrorObject.optional().meta({ description: "Why it could not be judged." }),
        }),
      )
      .meta({ description: "One per constraint, in the panel's order. Empty when the detail is `reward`." }),
    calibrated: optionalNumber("σ(reward − baseline), in (0, 1): the probability of beating the baseline. Where the panel has a baseline."),
    crpg: optionalNumber("CRPG's reward: calibrated, scaled by what is left of the KL budget; 0 unless satisfied."),
    crpgCentred: optionalNumber("CRPG's reward less its mean over the candidates of the item."),
    crraft: optionalNumber("CRRAFT's weight: calibrated where satisfied within the KL budget, else 0."),
  })
  .meta({
    id: "Constraints",
    description: "Whether a candidate satisfies the panel's constraints, and what a constrained optimiser trains on.",
  });

const CandidateResult = z
  .strictObject({
    status: z
      .enum(["complete", "degraded", "vetoed", "failed"])
      .meta({ description: "Whether all members gave the reward; `vetoed`: a constraint does not hold; `failed`: there is none." }),
    reward: optionalNumber(
      "The reward, in the panel's score space. Absent when the status is `failed`, and when it is `vetoed` unless the panel states what a vetoed candidate gets.",
    ),
    error: ErrorObject.optional().meta({ description: "Why there is no reward. Present exactly when there is none." }),
    rewards: z.record(z.string(), z.number()).optional().meta({ description: "Weight set name → reward under it." }),
    advantage: optionalNumber("The reward relative to its group, where the panel computes advantages."),
    constraints: Constraints.optional(),
    missing: names("Members that should count and gave no score of their own."),
    judges: z
      .array(JudgePart)
      .meta({ description: "One per member that is shown, in the panel's order. Empty when the detail is `reward`." }),
  })
  .meta({ id: "CandidateResult", description: "The result of one candidate." });

const place = (description: string) => z.number().meta({ type: "integer", description });
const places = (description: string) => z.array(z.number().meta({ type: "integer" })).meta({ description });

const openReasons = (description: string) => z.array(z.enum(OPEN_REASONS)).meta({ description });

const Judging = z
  .strictObject({
    stages: place("Stages that the panel has, 2 or more."),
    asked: place("Stages whose judges were asked, 1 or more."),
    stopped: z.enum(STOPPING_REASONS).meta({
      description:
        "Why no further judge was asked: nothing was open, nobody was left to ask, or no candidate can get a reward any more or all are vetoed.",
    }),
    openBy: openReasons("Why the last of several stages was asked; empty where only the first was."),
    leftOpen: openReasons("What is still open; empty unless `exhausted`."),
    spared: place("Scores, candidate times judge, that nobody was asked for."),
    tokens: place(
      "Tokens that models read for the item, each judge's by itself; scores out of the cache cost none. Judges that only watch are left out.",
    ),
  })
  .meta({ id: "Judging", description: "How far the item was taken, and what that cost. Present where the panel judges in stages." });

const ItemResult = z
  .strictObject({
    id: text("Id of the item."),
    candidates: z.array(CandidateResult).meta({ description: "In the order of the request." }),
    route: z
      .strictObject({
        panel: text("Name of the panel."),
        panelRevision: text("Digest over everything that decides a reward of that panel."),
        rows: places("Row per table on the way, counted from 0; −1 for a table's default."),
      })
      .optional()
      .meta({ description: "The panel that took the item. Present when the request named a panel that routes." }),
    group: z
      .strictObject({
        method: text("Estimator of the advantages."),
        mean: number("Mean of the rewards that there are."),
        std: number("Their standard deviation under the estimator's convention."),
        zeroVariance: z.boolean().meta({ description: "Every reward is the same: the item teaches nothing." }),
      })
      .optional()
      .meta({ description: "The candidates as a group. Present where the panel computes advantages." }),
    constrained: z
      .strictObject({
        positive: places("Candidates that satisfy the constraints; only these enter a mean reward."),
        negative: places("Candidates that violate one."),
        crraftBest: place("CRRAFT's candidate; absent when none qualifies.").optional(),
        baselineWeight: optionalNumber("CRRAFT's weight of the baseline completion, 0.5 or 0."),
        codpo: z
          .strictObject({ chosen: place("Place of the preferred candidate."), rejected: place("Place of the other.") })
          .optional()
          .meta({ description: "CODPO's pair; absent when there is none, and the prompt is best skipped." }),
      })
      .optional()
      .meta({
        description: "What constrained optimisers train on; numbers are places of candidates. Present where the panel has constraints.",
      }),
    judging: Judging.optional(),
  })
  .meta({ id: "ItemResult", description: "The result of one item." });

const Timing = z
  .strictObject({
    totalMs: number("From the parsed request to the finished result."),
    queueMs: number("Longest time that a call of this request waited for a backend."),
    prepareMs: number("Tokenisation."),
    backendMs: number("Longest time that a batch with a call of this request ran."),
  })
  .meta({ id: "Timing", description: "Wall time of each phase, milliseconds. Phases overlap, so they need not sum to the total." });

const Usage = z
  .strictObject({
    candidates: number("Candidates of the request."),
    cachedScores: number("Candidate × judge scores that came from the cache."),
    tokens: number(
      "Tokens that models read for this request. Cached scores cost none; a shared forward pass counts once, a prompt that is read once for several candidates counts for each of them.",
    ),
  })
  .meta({ id: "Usage", description: "Counts for accounting." });

const states = z.array(z.strictObject({ name: text("Name in the configuration."), version: place("Version that was read.") })).meta({
  description: "States that the panel reads, with the versions that were read; pinned in a request, they give the same bits again.",
});

const panelRevision = text("Digest over everything that decides a reward of this panel.");

export const ScoreResponseJson = z
  .strictObject({
    panel: text("Name of the panel."),
    panelRevision,
    results: z.array(ItemResult).meta({ description: "One per item, in the order of the request." }),
    states,
    timing: Timing,
    usage: Usage,
  })
  .meta({ id: "ScoreResponse", description: "One result per item." });

export const ScoreStreamResponseJson = z
  .union([
    z.strictObject({ id: text("Id of the item."), result: ItemResult, panelRevision, states, timing: Timing, usage: Usage }),
    z.strictObject({
      id: z.string().optional().meta({ description: "Id of the item; absent when the stream itself failed." }),
      error: ErrorObject,
    }),
  ])
  .meta({ id: "ScoreStreamResponse", description: "One line of a stream's answer." });

const Space = z.enum(SCORE_SPACES).meta({ description: "What the numbers mean." });

export const JudgesJson = z
  .strictObject({
    judges: z.array(
      z
        .strictObject({
          name: text("Name in the configuration."),
          kind: text("The code that implements it."),
          description: text("What it measures."),
          revision: text("Digest over kind, parameters and model."),
          space: Space,
          determinism: text("`bitwise`, `tolerance(x)` or `none`."),
          accepts: names("Part types that it takes: `text`, `image`."),
          objectives: names("Names of its objectives; empty for a scalar judge."),
          backend: text("Name of the backend that its calls go to; empty when it needs none."),
          device: text("Where that runs, for example `cpu` or `cuda:0`."),
          maxTokens: number("Most tokens that the model reads; 0 when it has no such limit."),
          license: text("SPDX expression of the model's licence."),
          ready: z.boolean().meta({ description: "Whether it takes work now." }),
        })
        .meta({ id: "Judge" }),
    ),
  })
  .meta({ id: "JudgesResponse", description: "Every judge." });

export const PanelsJson = z
  .strictObject({
    panels: z.array(
      z
        .strictObject({
          name: text("Name in the configuration."),
          description: text("What its reward means."),
          revision: panelRevision,
          aggregation: text("How members' scores become the reward."),
          space: z.enum([...SCORE_SPACES, ""]).meta({ description: "What its reward means; empty for a panel that routes." }),
          members: z.array(
            z.strictObject({
              judge: text("Name of the judge."),
              name: text("Name of the member; the judge's, unless the panel names it otherwise."),
              standing: text("`counts`, `shadow` or `audit`."),
              weight: number("Weight as configured, ≥ 0."),
              calibration: text("Method of its calibration, or `none`."),
              transforms: names("Its transforms, in order."),
              onFailure: text("`fail`, `degrade` or `impute(value)`."),
              stage: place("When it is asked: 0 at once, a later one only while the item is open."),
            }),
          ),
          constraints: names("Each constraint in words."),
          advantages: text("Estimator of advantages; empty when the panel computes none."),
          states: names("States that rewards depend on."),
          routes: z
            .array(
              z.strictObject({
                when: text("What has to hold of an item, in words; empty for the default."),
                panel: text("The panel that takes it."),
              }),
            )
            .meta({ description: "Rows of a panel that routes, the default last; empty for one that judges." }),
          sequence: names("What leaves an item open for members of later stages, each rule in words; empty where all are asked at once."),
        })
        .meta({ id: "Panel" }),
    ),
  })
  .meta({ id: "PanelsResponse", description: "Every panel." });

export const VersionJson = z
  .strictObject({
    version: text("Version of RewardGate."),
    commit: text("Commit it was built from; empty when that is unknown."),
    node: text("Version of Node."),
    configDigest: text("Digest of the effective configuration."),
  })
  .meta({ id: "VersionResponse", description: "What is running." });
