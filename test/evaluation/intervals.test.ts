import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clusterInterval, wilson } from "../../src/evaluation/intervals.ts";
import { close, vectors } from "../support/vectors.ts";

describe("intervals", () => {
  for (const { case: name, input, params, expected } of vectors("ev.wilson")) {
    it(`wilson agrees with the worked case: ${name}`, () => {
      const { low, high } = wilson(input.k, input.n, params.z);
      assert.ok(close(low, expected.lo) && close(high, expected.hi));
    });
  }

  it("clusterInterval of clusters of one trial is the interval of independent trials", () => {
    const clusters = Array.from({ length: 400 }, (_, i) => ({ k: i % 4 === 0 ? 0 : 1, n: 1 }));
    const { low, high } = clusterInterval(clusters);
    const half = 1.959964 * Math.sqrt((0.75 * 0.25) / 399);
    assert.ok(close(low, 0.75 - half, 1e-12) && close(high, 0.75 + half, 1e-12));
  });

  it("clusterInterval grows with the likeness of trials within a cluster", () => {
    const alike = Array.from({ length: 100 }, (_, i) => ({ k: i % 2 === 0 ? 4 : 0, n: 4 }));
    const mixed = Array.from({ length: 100 }, () => ({ k: 2, n: 4 }));
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    assert.ok(width(clusterInterval(alike)) > width(wilson(200, 400)));
    assert.equal(width(clusterInterval(mixed)), 0);
    assert.deepEqual(clusterInterval([{ k: 1, n: 2 }]), { low: 0, high: 1 });
  });

  it("clusterInterval is as unsure of clusters that are all right, or all wrong, as of as many independent trials", () => {
    for (const right of [0, 1]) {
      const clusters = [2, 4, 3].map((n) => ({ k: right * n, n }));
      assert.deepEqual(clusterInterval(clusters), wilson(3 * right, 3));
    }
  });
});
