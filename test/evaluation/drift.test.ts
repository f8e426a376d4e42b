import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/domain/errors.ts";
import { gatingDrift, kolmogorovSmirnov, psi } from "../../src/evaluation/drift.ts";
import { close } from "../support/vectors.ts";

const options = { bins: 10, floor: 1e-4, minCount: 1 };
const scores = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 60 });
const refusedAs = (reason: string) => (error: unknown) => error instanceof GatewayError && error.reason === reason;

describe("psi", () => {
  it("is 0 for the same scores in any order, and never below 0", () => {
    fc.assert(
      fc.property(scores, scores, (a, b) => {
        assert.equal(psi(a, [...a].reverse(), options).psi, 0);
        assert.ok(psi(a, b, options).psi >= -1e-12);
      }),
    );
  });

  it("does not change when both sides shift and stretch alike", () => {
    const a = Array.from({ length: 100 }, (_, i) => Math.sin(i));
    const b = Array.from({ length: 100 }, (_, i) => Math.sin(i) / 2 + 0.3);
    const moved = (xs: number[]) => xs.map((x) => 4 * x - 7);
    assert.ok(close(psi(moved(a), moved(b), options).psi, psi(a, b, options).psi, 1e-9));
  });

  it("puts a score on a bound into the bin below it", () => {
    const { edges, expected, actual } = psi([0, 1, 2], [1, 1, 1], { bins: 2, floor: 1e-4, minCount: 1 });
    assert.deepEqual(edges, [1]);
    assert.ok(close(expected[0]!, 2 / 3, 1e-12) && actual[0] === 1);
  });

  it("of a constant reference is 0 and degenerate, as of one bin", () => {
    const constant = psi([2, 2, 2], [5, 6, 7], options);
    assert.deepEqual([constant.psi, constant.degenerate], [0, true]);
    assert.equal(psi([1, 2], [8, 9], { ...options, bins: 1 }).psi, 0);
  });

  it("leaves missing scores out and refuses too few, and NaN", () => {
    assert.equal(psi([1, null, 2], [1, 2, null], options).psi, 0);
    assert.throws(() => psi([1, null], [1, 2], { ...options, minCount: 2 }), refusedAs("REQUEST_INVALID"));
    assert.throws(() => psi([1, Number.NaN], [1, 2], options), refusedAs("SCORE_NOT_FINITE"));
  });
});

describe("kolmogorovSmirnov", () => {
  it("is symmetric, 0 for equal samples and 1 for samples that do not overlap", () => {
    fc.assert(
      fc.property(scores, scores, (a, b) => {
        const there = kolmogorovSmirnov(a, b, 1);
        assert.deepEqual(kolmogorovSmirnov(b, a, 1), there);
        assert.ok(there.d >= 0 && there.d <= 1 && there.p >= 0 && there.p <= 1);
      }),
    );
    assert.deepEqual(kolmogorovSmirnov([1, 2], [2, 1], 1), { d: 0, p: 1 });
    assert.equal(kolmogorovSmirnov([1, 2], [3, 4], 1).d, 1);
  });

  it("sees order alone: a monotone map of both sides changes nothing", () => {
    const a = [0.1, 0.5, 0.7, 2];
    const b = [0.2, 0.3, 1, 3, 4];
    assert.deepEqual(kolmogorovSmirnov(a.map(Math.exp), b.map(Math.exp), 1), kolmogorovSmirnov(a, b, 1));
  });

  it("gives a p that falls as the distance grows, and is tiny for a clear shift", () => {
    const base = Array.from({ length: 500 }, (_, i) => i / 500);
    const p = [0, 0.05, 0.1, 0.2, 0.4].map(
      (shift) =>
        kolmogorovSmirnov(
          base,
          base.map((x) => x + shift),
          50,
        ).p,
    );
    for (let i = 1; i < p.length; i++) assert.ok(p[i]! < p[i - 1]!);
    assert.ok(p[4]! < 1e-20);
  });

  it("refuses too few", () => {
    assert.throws(() => kolmogorovSmirnov([1], [1, 2], 2), refusedAs("REQUEST_INVALID"));
  });
});

describe("gatingDrift", () => {
  it("is symmetric, 0 for proportional shares and at most 1 as a share of ln 2", () => {
    const shares = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 3 }).filter((xs) => xs.some((x) => x > 0));
    fc.assert(
      fc.property(shares, shares, (p, q) => {
        const { nats, share } = gatingDrift(p, q);
        assert.ok(close(gatingDrift(q, p).nats, nats, 1e-12) && share >= 0 && share <= 1);
        assert.ok(
          gatingDrift(
            p,
            p.map((x) => 3 * x),
          ).nats < 1e-15,
        );
      }),
    );
  });

  it("refuses shares that are negative or nothing", () => {
    for (const bad of [
      [0, 0],
      [-1, 2],
      [Number.NaN, 1],
    ])
      assert.throws(() => gatingDrift(bad, [1, 1]), refusedAs("REQUEST_INVALID"));
  });
});
