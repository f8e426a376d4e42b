import type { GatedObjectives, Judge } from "../domain/judge.ts";
import type { Member } from "../domain/panel.ts";
import type { Steering } from "../domain/reward.ts";
import { gatedSum, steerGating } from "../reward/gating.ts";

/**
 * How a member's raw score becomes a scalar. A judge with objectives explains its scalar by them, and is weighed anew when
 * a request brings weights; any other judge's raw score is the scalar.
 */
export function scalariser(judge: Judge): Member["scalarise"] {
  const { gated } = judge;
  if (gated === undefined) return ({ value }) => ({ value });
  const weightsOf = weightVectors(gated);
  return ({ value, objectives, gating }, steering) => {
    if (objectives === undefined || gating === undefined) return { value };
    if (steering === undefined) return { value, gating, terms: gatedSum(objectives, gating, gated).terms };
    const steered = steerGating(gating, weightsOf(steering), steering);
    const sum = gatedSum(objectives, steered, gated);
    return { value: sum.value, gating: steered, terms: sum.terms };
  };
}

/** A request's weights in the order of the objectives; worked out once for the candidates of a request. */
function weightVectors({ objectives }: GatedObjectives): (steering: Steering) => Float64Array {
  const known = new WeakMap<Steering, Float64Array>();
  return (steering) => {
    let vector = known.get(steering);
    if (vector === undefined) {
      const { weights } = steering;
      vector = Float64Array.from(objectives, ({ name }) => (Object.hasOwn(weights, name) ? weights[name]! : 0));
      known.set(steering, vector);
    }
    return vector;
  };
}

/** Reads one objective of a multi-objective judge, whatever the gating; a request's weights do not reach it. */
export function objectiveReader({ gated }: Judge, objective: string): Member["scalarise"] {
  const index = gated!.objectives.findIndex(({ name }) => name === objective);
  // Not a number where the judge left the objective out, which the engine takes for a failure.
  return ({ objectives }) => ({ value: objectives?.[index] ?? Number.NaN });
}
