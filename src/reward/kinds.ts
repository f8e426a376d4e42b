import type { z } from "zod";
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
  /** Spaces that it takes. */
  readonly accepts: readonly ScoreSpace[];
  spaceOut(spaceIn: ScoreSpace): ScoreSpace;
  problems(params: z.output<S>): readonly ParamsProblem[];
  create(params: z.output<S>, spec: TransformSpec): Transform;
}

export interface TransformSpec {
  readonly spaceIn: ScoreSpace;
  readonly revision: string;
}

/** What an aggregation may know of the members that it joins. */
export interface MemberFacts {
  readonly judge: string;
  /** As configured, ≥ 0. */
  readonly weight: number;
  /** Whether a candidate fails without a score of this member. */
  readonly required: boolean;
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
