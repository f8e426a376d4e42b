import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { basicInterval, resample } from "../../src/evaluation/bootstrap.ts";
import { moments } from "../../src/reward/moments.ts";
import { sum } from "../../src/reward/numerics.ts";
import { close } from "../support/vectors.ts";

const OPTIONS = { seed: 3, samples: 2_000 };

describe("bootstrap", () => {
  it("resample draws as many clusters as there are, whole, and the seed decides which", () => {
    const clusters = [[0, 1], [2], [3, 4, 5]];
    const draws = resample(clusters, (items) => items.join(" "), OPTIONS);
    assert.deepEqual(
      resample(clusters, (items) => items.join(" "), OPTIONS),
      draws,
    );
    assert.notDeepEqual(
      resample(clusters, (items) => items.join(" "), { ...OPTIONS, seed: 4 }),
      draws,
    );
    for (const draw of draws) assert.match(draw, /^(0 1|2|3 4 5)( (0 1|2|3 4 5)){2}$/);
    assert.equal(new Set(draws).size, 27);
  });

  it("resample of means has the standard error of a mean, over clusters and not over items", () => {
    const values = Array.from({ length: 100 }, (_, i) => Math.sin(i * i));
    const single = values.map((_, i) => [i]);
    const meanOf = (items: readonly number[]) => sum(items.map((i) => values[i % 100]!)) / items.length;
    const error = moments(values, 0).std / 10;
    assert.ok(Math.abs(moments(resample(single, meanOf, OPTIONS), 1).std / error - 1) < 0.08);
    // Every value four times, in clusters of its own copies: no more is known than before.
    const copies = values.map((_, i) => [i, i + 100, i + 200, i + 300]);
    assert.ok(Math.abs(moments(resample(copies, meanOf, OPTIONS), 1).std / error - 1) < 0.08);
  });

  it("resample draws clusters of any size", () => {
    const large = Array.from({ length: 300_000 }, (_, i) => i);
    assert.deepEqual(
      resample([large], (items) => items.length, { seed: 0, samples: 2 }),
      [300_000, 300_000],
    );
  });

  it("basicInterval mirrors the samples at the estimate, and so takes back a push of resampling", () => {
    const samples = Array.from({ length: 1_001 }, (_, i) => 1 + i / 1_000);
    const { low, high } = basicInterval(1, samples);
    assert.ok(close(low, 2 - 1.975, 1e-9) && close(high, 2 - 1.025, 1e-9));
  });
});
