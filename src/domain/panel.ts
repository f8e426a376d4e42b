import type { AdvantageEstimator } from "./advantage.ts";
import type { Constraining } from "./constraint.ts";
import type { Item } from "./item.ts";
import type { GatedObjectives, Judge, RawScore } from "./judge.ts";
import type { Aggregation, Calibration, StateWeights, Steering, Transform } from "./reward.ts";
import type { Bounds, ScoreSpace } from "./score-space.ts";

/** What happens to a candidate's reward when a member has no score for it. There is no implicit number. */
export type FailurePolicy =
  /** The candidate fails. */
  | { readonly policy: "fail" }
  /** The other members count, with weights renormalised; the candidate is `degraded`. */
  | { readonly policy: "degrade" }
  /** The stated transformed score stands in, marked `imputed`; the candidate is `degraded`. */
  | { readonly policy: "impute"; readonly value: number };

/** A way of reading one judge: which scalar, on which scale. */
export interface Reading {
  /** Unique within the panel. */
  readonly name: string;
  readonly judge: Judge;
  /** Index into `Panel.judges`. */
  readonly seat: number;
  /** Digest of judge revision, objective, calibration and transforms. */
  readonly revision: string;
  /** The objectives that a request may weigh: those of its judge, absent where it reads one of them or there are none. */
  readonly gated?: GatedObjectives;
  readonly calibration?: Calibration;
  /** Space of the calibrated score. */
  readonly calibratedSpace: ScoreSpace;
  readonly transforms: readonly Transform[];
  /**
   * The judge's scalar before calibration. A multi-objective judge's is recomputed here under a request's weights.
   * @throws {GatewayError} REQUEST_INVALID when the steering leaves no weight
   */
  scalarise(raw: RawScore & { outcome: "scored" }, steering: Steering | undefined): ScalarScore;
}

/** Who learns from a member: the reward; people, who see its part; or only the statistics, so that no trainer can climb it. */
export type Standing = "counts" | "shadow" | "audit";

/** One judge's place in a panel. */
export interface Member extends Reading {
  readonly standing: Standing;
  /** Share of items that a shadow or an audit judges, in (0, 1]; chosen by the item's text. */
  readonly sample: number;
  /** When it is asked: 0 at once, a later one only while the stages before leave the item open. Above 0 only of one that counts. */
  readonly stage: number;
  /** What its transformed scores lie between, where its space or its last transform sees to that. */
  readonly bounds?: Bounds;
  /** Weight as configured, ≥ 0; 0 for one that does not count. */
  readonly weight: number;
  readonly onFailure: FailurePolicy;
  /** A required member must have a score of its own for every candidate: without one the candidate fails, whatever the policy. */
  readonly required: boolean;
}

/** A scalar and, when objectives gave it, the gating and what each objective added. */
export interface ScalarScore {
  readonly value: number;
  readonly gating?: Float64Array;
  /** What each objective adds to `value`, in the order of the judge's objectives; they sum to `value` within 1e-6. */
  readonly terms?: Float64Array;
}

/** A judge that says yes or no: its score against a bound. */
export interface Constraint extends Reading {
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  /** What it means that the judge does not cover an item: the candidate cannot be told to be safe, or this constraint is none of its. */
  readonly notApplicable: "unknown" | "satisfied";
}

/** What leaves an item open after the judges that were asked; any of them does. */
export interface Sequence {
  /** A reward that may still come to lie on the other side of this, whatever the judges that were not asked say. */
  readonly threshold?: number | undefined;
  /** A best candidate that another may still overtake, whatever the judges that were not asked say. */
  readonly best?: true | undefined;
  /** A reward from `from` to `to`. */
  readonly band?: { readonly from: number; readonly to: number } | undefined;
  /** The best two rewards of the item closer together than this. */
  readonly margin?: number | undefined;
  /** Members that count so far apart on one candidate, greatest less least score, or further. */
  readonly conflict?: number | undefined;
}

/** Why an item is open: one of the above, or a judge that was asked and gave a candidate no score. */
export const OPEN_REASONS = ["missing", "threshold", "best", "band", "margin", "conflict"] as const;
export type OpenReason = (typeof OPEN_REASONS)[number];

/** Calibrated scores of reference completions under every member, out of a reference artefact. */
export interface PanelReference {
  /** Name of the artefact in the configuration. */
  readonly artefact: string;
  /** @returns one row per member, shape [members][M], empty for one that does not count; undefined when the prompt is not known */
  scoresOf(promptDigest: string): readonly Float64Array[] | undefined;
}

/** A named set of judges with weights, transforms, aggregation, constraints and failure policy. */
export interface Panel {
  readonly name: string;
  readonly description: string;
  /** Digest over everything that decides a reward of this panel. */
  readonly revision: string;
  /** The judges that are asked, each once, whatever number of members and constraints read it. */
  readonly judges: readonly Judge[];
  readonly members: readonly Member[];
  readonly aggregation: Aggregation;
  readonly space: ScoreSpace;
  /** Under `degrade`, the least number of members with a score. */
  readonly quorum: number;
  /** Present when members of later stages wait for what those before them say. */
  readonly sequence?: Sequence;
  /** Weights that server state decides, in the place of the configured ones. */
  readonly weighting?: StateWeights;
  readonly constraints?: {
    readonly readings: readonly Constraint[];
    readonly rule: Constraining;
    /** What stands in for the baselines of an item that brings none. */
    readonly reference?: PanelReference;
  };
  readonly advantages?: AdvantageEstimator;
  /** Names of the states that a reward of this panel depends on. */
  readonly states: readonly string[];
  /** Whether rewards depend on completions of a reference policy, so that those are judged as well. */
  readonly readsBaselines: boolean;
}

/** A table that sends each item to a panel. */
export interface Router {
  readonly name: string;
  readonly description: string;
  /** Digest over the table and the panels that it leads to. */
  readonly revision: string;
  /** One line per row for people: condition and panel. */
  readonly rows: readonly RouteRow[];
  /** The panel's or router's name, and the row that led there; −1 for the default. */
  choose(item: Item): { readonly to: string; readonly row: number };
}

/** One row of a routing table, in words. The last one is the default and states no condition. */
export interface RouteRow {
  readonly when: string;
  readonly panel: string;
}

/** Whether a name of the configuration stands for a table and not for judges. */
export function isRouter(panel: Panel | Router): panel is Router {
  return "choose" in panel;
}
