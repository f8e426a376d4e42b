import type { z } from "zod";
import type { AdvantageEstimator } from "../domain/advantage.ts";
import type { GatedObjectives } from "../domain/judge.ts";
import type { Aggregation, Calibration, Transform } from "../domain/reward.ts";
import type { ScoreSpace } from "../domain/score-space.ts";

/** Something a kind finds wrong with parameters that its schema cannot see. */
export interface ParamsProblem {
  /** Key path inside the parameters. */
  readonly path: readonly (string | number)[];
  readonly cause: string;
  readonly remedy: string;
}

/** The code that implements one calibration method. */
export interface CalibrationKind<S extends z.ZodObject = z.ZodObject> {
  readonly method: string;
  /** Strict schema of the parameters, `method` excluded. */
  readonly params: S;
  /** Spaces of raw scores that it takes. */
  readonly accepts: "any" | readonly ScoreSpace[];
  /** Keys of the parameters that hold raw scores of reference completions; a configuration may name an artefact there. */
  readonly references?: readonly string[];
  /** Spaces that a calibration of this kind can give. */
  readonly gives: readonly ScoreSpace[];
  /** Space of the result when the configuration does not state one. */
  spaceOut(spaceIn: ScoreSpace): ScoreSpace;
  problems(params: z.output<S>, spaces: CalibrationSpec): readonly ParamsProblem[];
  create(params: z.output<S>, spec: CalibrationSpec): Calibration;
}

export interface CalibrationSpec {
  readonly spaceIn: ScoreSpace;
  readonly spaceOut: ScoreSpace;
  readonly revision: string;
}

/** The code that implements one transform. */
export interface TransformKind<S extends z.ZodObject = z.ZodObject> {
  readonly method: string;
  readonly params: S;
  /** Keys that hold calibrated scores of reference completions; a configuration may name an artefact there. */
  readonly references?: readonly string[];
  /** Spaces that it takes. */
  readonly accepts: readonly ScoreSpace[];
  /** @param params left out where only the usual result is asked for */
  spaceOut(spaceIn: ScoreSpace, params?: z.output<S>): ScoreSpace;
  problems(params: z.output<S>): readonly ParamsProblem[];
  create(params: z.output<S>, spec: TransformSpec): Transform;
}

export interface TransformSpec {
  readonly spaceIn: ScoreSpace;
  readonly revision: string;
  /** Name of the judge whose scores it takes. */
  readonly judge: string;
}

/** What an aggregation may know of the members that it joins. */
export interface MemberFacts {
  readonly name: string;
  /** Whether it takes part in the aggregation; one that only watches never reaches it. */
  readonly counts: boolean;
  /** As configured, ≥ 0; 0 for one that only watches. */
  readonly weight: number;
  /** Whether a candidate fails without a score of this member. */
  readonly required: boolean;
  /** Present when the member's score comes with the gating that made it. */
  readonly gated: GatedObjectives | undefined;
}

/** The code that implements one aggregation. */
export interface AggregationKind<S extends z.ZodObject = z.ZodObject> {
  readonly method: string;
  readonly params: S;
  /** `common`: any space, the same for all members; a list: one of these, the same for all; `any`: spaces may differ. */
  readonly accepts: "common" | "any" | readonly ScoreSpace[];
  /** @param space the members' common space */
  spaceOut(space: ScoreSpace, members: readonly MemberFacts[]): ScoreSpace;
  problems(params: z.output<S>, members: readonly MemberFacts[]): readonly ParamsProblem[];
  create(params: z.output<S>, spec: AggregationSpec): Aggregation;
}

export interface AggregationSpec {
  readonly members: readonly MemberFacts[];
  readonly spaceOut: ScoreSpace;
  readonly revision: string;
}

/** The code that implements one estimator of advantages. */
export interface AdvantageKind<S extends z.ZodObject = z.ZodObject> {
  readonly method: string;
  readonly params: S;
  create(params: z.output<S>, revision: string): AdvantageEstimator;
}
