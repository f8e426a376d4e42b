import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { expectedRating, type RatingScale } from "../../../src/judges/generative/expected-rating.ts";
import { close } from "../../support/vectors.ts";

const scale: RatingScale = { lo: 1, hi: 5, minMass: 0.5 };
const share = fc.double({ min: 0.01, max: 1, noNaN: true });

describe("expectedRating", () => {
  it("is the mean of the renormalised distribution, whatever other tokens are listed", () => {
    fc.assert(
      fc.property(fc.tuple(share, share, share, share, share), fc.double({ min: 0, max: 0.4, noNaN: true }), (weights, rest) => {
        const total = weights.reduce((a, b) => a + b);
        const shares = weights.map((weight) => weight / total);
        const tokens = new Map(shares.map((p, i) => [String(i + 1), Math.log(p * (1 - rest))]));
        const read = expectedRating(tokens.set("so", Math.log(rest)), scale);
        assert.ok(read.status === "read");
        const mean = shares.reduce((sum, p, i) => sum + p * (i + 1), 0);
        assert.ok(close(read.rating, mean, 1e-9) && close(read.unit, (mean - 1) / 4, 1e-9) && close(read.mass, 1 - rest, 1e-9));
        assert.ok(read.std >= 0 && read.std <= 2 + 1e-9 && read.mode >= 1 && read.mode <= 5);
      }),
    );
  });

  it("tells two peaks from a certain middle by the spread", () => {
    const peaks = expectedRating(
      new Map([
        ["1", -0.7],
        ["5", -0.7],
      ]),
      scale,
    );
    const middle = expectedRating(new Map([["3", -0.1]]), scale);
    assert.ok(peaks.status === "read" && middle.status === "read");
    assert.deepEqual([peaks.rating, middle.rating, middle.std], [3, 3, 0]);
    assert.ok(peaks.std > 1.9);
  });

  it("adds up a rating with and without white space, and counts nothing else as one", () => {
    const tokens = new Map([
      ["4", Math.log(0.3)],
      [" 4", Math.log(0.3)],
      ["４", Math.log(0.1)],
      ["4.0", Math.log(0.1)],
      ["04", Math.log(0.05)],
      ["6", Math.log(0.02)],
      ["0", Math.log(0.02)],
      ["9", Math.log(0.06)],
    ]);
    const read = expectedRating(tokens, scale);
    assert.ok(read.status === "read" && read.rating === 4 && close(read.mass, 0.6, 1e-12));
  });

  it("abstains where ratings are unlikely or not listed", () => {
    assert.equal(expectedRating(new Map([["3", Math.log(0.4)]]), scale).status, "abstained");
    assert.equal(expectedRating(new Map(), { ...scale, minMass: 0 }).status, "abstained");
  });

  it("reads ratings of several digits as a whole, and refuses NaN", () => {
    const read = expectedRating(new Map([["10", -0.1]]), { lo: 1, hi: 10, minMass: 0.5 });
    assert.ok(read.status === "read" && read.rating === 10);
    assert.throws(
      () => expectedRating(new Map([["3", Number.NaN]]), scale),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });
});
