import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/domain/errors.ts";
import { constrainedScore, linearScores, tchebycheffScores } from "../../src/reward/scalarise.ts";
import { close } from "../support/vectors.ts";

const three = (min: number) => fc.array(fc.double({ min, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 });

describe("scalarisation", () => {
  it("of many weight sets is that of each set on its own", () => {
    fc.assert(
      fc.property(three(-10), fc.array(three(0), { minLength: 1, maxLength: 8 }), (r, sets) => {
        const objectives = Float64Array.from(r);
        const weightSets = sets.map((w) => Float64Array.from(w));
        const ideal = objectives.map((x) => x + 1);
        const linear = linearScores(objectives, weightSets, "asGiven");
        const { scores } = tchebycheffScores(objectives, ideal, { weightSets, weightRule: "asGiven" });
        for (const [q, set] of weightSets.entries()) {
          assert.equal(linear[q], linearScores(objectives, [set], "asGiven")[0]);
          assert.equal(scores[q], tchebycheffScores(objectives, ideal, { weightSets: [set], weightRule: "asGiven" }).scores[0]);
        }
      }),
    );
  });

  it("does not depend on the order of the objectives, nor fall when one rises under weights ≥ 0", () => {
    fc.assert(
      fc.property(three(-10), three(0), fc.nat(2), (r, w, k) => {
        const linear = (a: number[], b: number[]) => linearScores(Float64Array.from(a), [Float64Array.from(b)], "asGiven")[0]!;
        const far = (a: number[], b: number[]) =>
          tchebycheffScores(Float64Array.from(a), Float64Array.of(20, 20, 20), {
            weightSets: [Float64Array.from(b)],
            weightRule: "asGiven",
          }).scores[0]!;
        for (const score of [linear, far]) {
          assert.ok(close(score(r.toReversed(), w.toReversed()), score(r, w), 1e-12));
          assert.ok(score(r.with(k, r[k]! + 1), w) >= score(r, w));
        }
      }),
    );
  });

  it("scales weights to a total of 1 only when asked, and refuses a set without weight", () => {
    const objectives = Float64Array.of(1, 3);
    assert.deepEqual([...linearScores(objectives, [Float64Array.of(3, 1)], "asGiven")], [6]);
    assert.deepEqual([...linearScores(objectives, [Float64Array.of(3, 1)], "sumToOne")], [1.5]);
    assert.throws(
      () => linearScores(objectives, [Float64Array.of(0, 0)], "sumToOne"),
      (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID",
    );
  });

  it("says when the ideal is none", () => {
    const options = { weightSets: [Float64Array.of(1)], weightRule: "asGiven" } as const;
    assert.deepEqual(tchebycheffScores(Float64Array.of(2), Float64Array.of(1), options), {
      scores: Float64Array.of(1),
      idealViolated: true,
    });
    assert.deepEqual(tchebycheffScores(Float64Array.of(1), Float64Array.of(1), options), {
      scores: Float64Array.of(0),
      idealViolated: false,
    });
  });

  it("under floors is feasible on them and reports each miss", () => {
    const floors = [
      { objective: 1, least: 2 },
      { objective: 2, least: 1 },
    ];
    assert.equal(constrainedScore(Float64Array.of(9, 2, 1), 0, floors).feasible, true);
    const missed = constrainedScore(Float64Array.of(9, 1.5, 0), 0, floors);
    assert.deepEqual([missed.score, missed.feasible, [...missed.slack], missed.violation], [9, false, [-0.5, -1], 1.5]);
  });

  it("refuses objectives that are not finite", () => {
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE";
    const bad = Float64Array.of(1, Number.NaN);
    assert.throws(() => linearScores(bad, [], "asGiven"), refused);
    assert.throws(() => tchebycheffScores(bad, bad, { weightSets: [], weightRule: "asGiven" }), refused);
    assert.throws(() => constrainedScore(bad, 0, []), refused);
  });
});
