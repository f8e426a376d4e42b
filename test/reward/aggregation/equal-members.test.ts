import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { minKind } from "../../../src/reward/aggregation/min.ts";
import { medianKind } from "../../../src/reward/aggregation/order-statistics.ts";
import { AGGREGATION_KINDS } from "../../../src/reward/index.ts";
import { close } from "../../support/vectors.ts";

const facts = (weights: readonly number[]) =>
  weights.map((weight, j) => ({ name: `j${j}`, counts: true, weight, required: false, gated: undefined }));
const entry = (scores: readonly number[], weights: readonly number[]) => ({
  members: scores.map((_, j) => j),
  scores: Float64Array.from(scores),
  weights: Float64Array.from(weights),
});
const spec = { members: facts([1, 1, 1]), spaceOut: "logit" as const, revision: "r" };

/** Parameters of the kinds that need some. */
const PARAMS: Record<string, object> = { softmin: { temperature: 0.3 }, trimmedMean: { trim: 0.25 } };

describe("equal members", () => {
  it("weigh the same or nothing: other weights are refused, since nobody would read them", () => {
    const found = (weights: number[]) => minKind.problems({}, facts(weights)).map(({ cause }) => cause);
    assert.deepEqual(found([1, 1, 0]), []);
    assert.deepEqual(found([0.5, 0.5]), []);
    assert.deepEqual(found([1, 2]), ["min takes its members as equals and they weigh 1, 2"]);
    assert.deepEqual(found([0, 0]), ["every member weighs 0"]);
  });

  it("of weight 0 are scored and do not count", () => {
    const [aggregate] = minKind.create({}, spec).aggregate([entry([-9, 2, 3], [0, 1, 1])]);
    assert.equal(aggregate!.reward, 2);
    assert.deepEqual([...aggregate!.contributions], [0, 2, 0]);
    assert.deepEqual([...aggregate!.weights!], [0, 1, 0]);
    const [middle] = medianKind.create({}, spec).aggregate([entry([-9, 2, 4], [0, 1, 1])]);
    assert.equal(middle!.reward, 3);
  });
});

describe("every aggregation but gatedSum", () => {
  const kinds = AGGREGATION_KINDS.filter(({ method }) => method !== "gatedSum");
  const probabilities = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 });

  for (const kind of kinds) {
    const params = kind.params.parse(PARAMS[kind.method] ?? {});
    const aggregate = (group: number[][]) =>
      kind.create(params, spec).aggregate(
        group.map((scores) =>
          entry(
            scores,
            scores.map(() => 1),
          ),
        ),
      );

    it(`${kind.method} gives contributions that sum to the reward`, () => {
      fc.assert(
        fc.property(fc.array(probabilities, { minLength: 1, maxLength: 3 }), (rows) => {
          const width = Math.min(...rows.map((row) => row.length));
          for (const { reward, contributions } of aggregate(rows.map((row) => row.slice(0, width)))) {
            const total = contributions.reduce((a, b) => a + b, 0);
            assert.ok(Math.abs(total - reward) < 1e-9, `${total} is not ${reward}`);
          }
        }),
      );
    });

    it(`${kind.method} does not depend on the order of the members`, () => {
      fc.assert(
        fc.property(probabilities, probabilities, (a, b) => {
          const width = Math.min(a.length, b.length);
          const group = [a.slice(0, width), b.slice(0, width)];
          const turned = group.map((row) => [...row].reverse());
          for (const [i, { reward }] of aggregate(group).entries()) assert.ok(close(aggregate(turned)[i]!.reward, reward, 1e-9));
        }),
      );
    });

    it(`${kind.method} rises, or stays, when every score of a candidate rises by one amount`, () => {
      fc.assert(
        fc.property(probabilities, fc.double({ min: 0, max: 1, noNaN: true }), (scores, more) => {
          const raised = scores.map((score) => score + more);
          const [low, high] = [aggregate([scores, scores])[0]!, aggregate([scores, raised])[1]!];
          assert.ok(high.reward >= low.reward - 1e-9);
        }),
      );
    });

    it(`${kind.method} says what its parameters do`, () => {
      assert.ok((kind.params.description ?? "").length > 20);
    });
  }
});
