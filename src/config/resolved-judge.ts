import type { GoldenRow, Judge } from "../domain/judge.ts";
import type { Bundle } from "./bundle.ts";

/** A judge, what people want to know of it, and what tests it at start. */
export interface ResolvedJudge {
  readonly judge: Judge;
  readonly description: string;
  /** Of the model; empty for a rule, which is part of the gateway. */
  readonly license: string;
  /** None for a rule, and for a model that writes. */
  readonly goldens: readonly GoldenRow[];
  /** Largest difference from a golden score that passes. */
  readonly goldenTolerance: number;
  /**
   * The judge that golden scores are tested with, as its bundle makes it. Those of over-long rows were made with truncation, so it
   * truncates whatever the configuration says.
   */
  readonly goldenJudge: Judge;
  /** Absent for a rule, which has no model, and where a server has the model. */
  readonly bundle?: Bundle;
}
