import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { gatedSumKind } from "../../../src/reward/aggregation/gated-sum.ts";

const gated = { objectives: ["helpfulness", "harmlessness", "verbosity"].map((name) => ({ name, penalty: 0 })), verbosityIndex: 2 };
const objectives = { name: "objectives", counts: true, weight: 1, required: true, gated };
const helpful = { name: "helpful", counts: true, weight: 1, required: false, gated: undefined };
const members = [helpful, objectives];
const params = { gatingFrom: "objectives", objectives: { helpful: ["helpfulness"], objectives: ["harmlessness", "verbosity"] } };

function aggregate(scores: number[], gating: number[], weights = [1, 1]) {
  const aggregation = gatedSumKind.create(params, { members, spaceOut: "logit", revision: "r" });
  const entry = {
    members: [0, 1],
    scores: Float64Array.from(scores),
    weights: Float64Array.from(weights),
    gating: [undefined, Float64Array.from(gating)],
  };
  return aggregation.aggregate([entry])[0]!;
}

describe("gatedSum", () => {
  it("weighs each member by the gating of the objectives that it receives", () => {
    const { reward, weights, contributions } = aggregate([2, -1], [0.7, 0.2, 0.1]);
    assert.ok(Math.abs(reward - (0.7 * 2 - 0.3)) < 1e-12);
    assert.ok(Math.abs(weights![0]! - 0.7) < 1e-12);
    assert.ok(Math.abs(contributions[0]! + contributions[1]! - reward) < 1e-12);
  });

  it("multiplies the gating by the configured weights and scales to a total of 1", () => {
    const { weights } = aggregate([1, 1], [0.5, 0.5, 0], [3, 1]);
    assert.deepEqual([...weights!], [0.75, 0.25]);
  });

  it("uses the members that are there when another is missing", () => {
    const aggregation = gatedSumKind.create(params, { members, spaceOut: "logit", revision: "r" });
    const alone = { members: [1], scores: Float64Array.of(4), weights: Float64Array.of(1), gating: [Float64Array.of(0.9, 0.1, 0)] };
    assert.equal(aggregation.aggregate([alone])[0]!.reward, 4);
  });

  it("says of a gating that leaves no member with a weight that nothing suffices, and of one that leaves those that lack that they lack", () => {
    const aggregation = gatedSumKind.create(params, { members, spaceOut: "logit", revision: "r" });
    const suffices = (gating: number[], there = [0, 1], imputed: number[] = []) =>
      aggregation.suffices!({
        members: there,
        scores: Float64Array.from(there, () => 1),
        weights: Float64Array.from(there, () => 1),
        gating: there.map((member) => (member === 1 ? Float64Array.from(gating) : undefined)),
        imputed: new Set(imputed),
      });
    const none = suffices([0, 0, 0]);
    assert.ok(none instanceof GatewayError && none.reason === "REQUEST_INVALID");
    assert.ok(suffices([0, 0, 0], [1]) instanceof GatewayError);
    assert.deepEqual([suffices([1, 0, 0]), suffices([1, 0, 0], [1]), suffices([0, 1, 0], [1])], [true, false, true]);
    assert.deepEqual([suffices([1, 0, 0], [0, 1], [0]), suffices([0.5, 0.5, 0], [0, 1], [0])], [false, true]);
  });

  it("problems name a gate that is unknown, has no gating, or may be missing", () => {
    const found = (changed: object, panel: typeof members = members) =>
      gatedSumKind.problems({ ...params, ...changed }, panel).map(({ path, remedy }) => `${path.join(".")}: ${remedy}`);
    assert.deepEqual(found({}), []);
    assert.deepEqual(found({ gatingFrom: "nobody" }), ["gatingFrom: name one of: helpful, objectives"]);
    assert.deepEqual(found({ gatingFrom: "helpful" }), ["gatingFrom: name one of: objectives"]);
    assert.match(found({}, [helpful, { ...objectives, required: false }])[0]!, /required: true/);
  });

  it("problems name members without objectives, and objectives and members that do not exist", () => {
    const paths = (map: Record<string, string[]>) =>
      gatedSumKind.problems({ ...params, objectives: map }, members).map(({ path }) => path.join("."));
    assert.deepEqual(paths({ helpful: ["helpfulness"] }), ["objectives"]);
    assert.deepEqual(paths({ ...params.objectives, helpful: ["helpfulnes"] }), ["objectives.helpful.0"]);
    assert.deepEqual(paths({ ...params.objectives, other: ["helpfulness"] }), ["objectives.other"]);
  });
});
