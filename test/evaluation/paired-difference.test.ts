import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mcnemarExact, pairedDifference } from "../../src/evaluation/paired-difference.ts";
import { close } from "../support/vectors.ts";

describe("mcnemarExact", () => {
  // scipy.stats.binomtest(min(b, c), b + c, .5).pvalue, and statsmodels' mcnemar([[10, b], [c, 10]], exact=True)
  for (const [onlyA, onlyB, expected] of [
    [12, 25, 0.04703102743951604],
    [25, 12, 0.04703102743951604],
    [5, 5, 1],
    [0, 6, 0.03125],
    [140, 201, 0.001126535121323456],
    [1, 0, 1],
  ] as const) {
    it(`of ${onlyA} against ${onlyB} agrees with scipy`, () => assert.ok(close(mcnemarExact(onlyA, onlyB), expected, 1e-11)));
  }

  it("is 1 without discordant items, and a number above 0 with very many", () => {
    assert.equal(mcnemarExact(0, 0), 1);
    const p = mcnemarExact(29_000, 31_000);
    assert.ok(p > 0 && p < 1e-12);
  });
});

describe("pairedDifference", () => {
  it("of single comparisons is the difference of proportions, with the interval of the mean of d ∈ {−1, 0, 1}", () => {
    const of = (a: number, b: number, count: number) => Array.from({ length: count }, () => ({ a, b, n: 1 }));
    const { difference, low, high } = pairedDifference([...of(1, 1, 40), ...of(1, 0, 12), ...of(0, 1, 25), ...of(0, 0, 23)]);
    assert.ok(close(difference, 0.13, 1e-12));
    // numpy: 1.959963984540054 * d.std(ddof=1) / sqrt(100), d of 12 times −1, 25 times 1 and 63 times 0
    assert.ok(close(high - difference, 0.1170521, 1e-6) && close(difference - low, 0.1170521, 1e-6), String(high - difference));
  });

  it("is wider where the comparisons of a prompt go together, and the whole range with one prompt", () => {
    const apart = Array.from({ length: 80 }, (_, i) => ({ a: i % 2, b: 0, n: 1 }));
    const together = Array.from({ length: 20 }, (_, i) => ({ a: i % 2 === 0 ? 4 : 0, b: 0, n: 4 }));
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    assert.ok(width(pairedDifference(together)) > 1.9 * width(pairedDifference(apart)));
    assert.deepEqual(pairedDifference([{ a: 0, b: 1, n: 2 }]), { difference: 0.5, low: -1, high: 1 });
  });
});
