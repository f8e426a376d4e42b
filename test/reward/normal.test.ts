import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { normalQuantile } from "../../src/reward/normal.ts";
import { close } from "../support/vectors.ts";

describe("normalQuantile(p)", () => {
  it("agrees with the normal distribution in the centre and in both tails", () => {
    // python3: [statistics.NormalDist().inv_cdf(p) for p in (0.85, 0.001, 0.975, 1e-20)]
    const expected = { 0.85: 1.03643338949379, 0.001: -3.09023230616781, 0.975: 1.95996398454005, 1e-20: -9.26234008979841 };
    for (const [p, value] of Object.entries(expected)) assert.ok(close(normalQuantile(Number(p)), value, 1e-13), p);
  });

  it("rises with p and is odd about a half", () => {
    const p = fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true });
    fc.assert(
      fc.property(p, p, (a, b) => {
        assert.ok(normalQuantile(Math.min(a, b)) <= normalQuantile(Math.max(a, b)));
        // 1 − a is rounded, and the tail is steep: compare where the rounding does not show.
        if (a > 1e-6 && a < 1 - 1e-6) assert.ok(Math.abs(normalQuantile(a) + normalQuantile(1 - a)) < 1e-9);
      }),
    );
  });
});
