import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { least, minKind } from "../../../src/reward/aggregation/min.ts";

describe("least", () => {
  it("gives the whole reward to the member that decides, the lowest index among equals", () => {
    const { reward, contributions, weights, argMin } = least(Float64Array.of(3, -1, 2, -1));
    assert.deepEqual([reward, argMin], [-1, 1]);
    assert.deepEqual([...contributions], [0, -1, 0, 0]);
    assert.deepEqual([...weights!], [0, 1, 0, 0]);
  });

  it("keeps the space of its members", () => {
    assert.equal(minKind.spaceOut("probability", []), "probability");
  });
});
