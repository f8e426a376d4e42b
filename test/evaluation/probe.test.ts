import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import { probe } from "../../src/evaluation/probe.ts";

const dimensions = [
  { name: "helpful", centroid: [1, 0], threshold: 0.5 },
  { name: "safe", centroid: [0, 1], threshold: 0.5 },
];

describe("probe", () => {
  it("does not depend on the length of the representation", () => {
    const near = probe([3, 1], dimensions);
    const far = probe([300, 100], dimensions);
    assert.ok(Math.abs(near.confidence - far.confidence) < 1e-12);
    assert.deepEqual(near.active, ["helpful"]);
  });

  it("is sure at a centroid, and not at all beyond every threshold", () => {
    assert.equal(probe([5, 0], dimensions.slice(0, 1)).confidence, 1);
    const away = probe([-1, -1], dimensions);
    assert.deepEqual([away.confidence, away.active.length], [0, 0]);
  });

  it("puts a representation of zeros at distance 1 from everything", () => {
    assert.deepEqual(probe([0, 0], dimensions).distance, { helpful: 1, safe: 1 });
  });

  it("refuses NaN", () => {
    assert.throws(() => probe([Number.NaN, 0], dimensions), GatewayError);
  });
});
