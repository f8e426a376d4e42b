import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import type { Verdict } from "../../../src/judges/generative/verdict.ts";
import { critiqueMean, sideOf, votePairwise, voteScores } from "../../../src/judges/generative/votes.ts";
import { close } from "../../support/vectors.ts";

const samples = fc.array(fc.option(fc.integer({ min: 1, max: 5 })), { maxLength: 9 });
const notFinite = (error: unknown) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE";

describe("voteScores", () => {
  it("leaves out what could not be read, in whatever order answers came, and stays within those that could", () => {
    fc.assert(
      fc.property(samples, (list) => {
        const valid = list.filter((sample) => sample !== null);
        const voted = voteScores(list, 1);
        assert.equal(voted.valid, valid.length);
        assert.deepEqual(voteScores(valid.toReversed(), 1).status, voted.status);
        if (voted.status === "tooFew") return assert.equal(valid.length, 0);
        for (const centre of [voted.mean, voted.median, voted.mode])
          assert.ok(centre >= Math.min(...valid) - 1e-9 && centre <= Math.max(...valid) + 1e-9);
        const turned = voteScores(valid.toReversed(), 1);
        assert.ok(turned.status === "read" && close(turned.mean, voted.mean, 1e-12) && turned.median === voted.median);
        assert.ok(turned.mode === voted.mode && turned.agreement === voted.agreement);
      }),
    );
  });

  it("has no score below the fewest answers, and never one of nothing", () => {
    assert.deepEqual(voteScores([3, null, null], 2), { status: "tooFew", valid: 1 });
    assert.deepEqual(voteScores([null], 0), { status: "tooFew", valid: 0 });
  });

  it("takes the mean of equally frequent scores for the mode, and knows no standard error of one answer", () => {
    const tied = voteScores([2, 5, 2, 5, 3], 1);
    assert.ok(tied.status === "read" && tied.mode === 3.5 && tied.agreement === 0.4);
    const three = voteScores([1, 2, 3], 1);
    assert.ok(three.status === "read" && close(three.sem!, 1 / Math.sqrt(3), 1e-12));
    const one = voteScores([4], 1);
    assert.ok(one.status === "read" && one.sem === null && one.agreement === 1 && one.std === 0);
  });

  it("refuses a score that is not finite", () => {
    assert.throws(() => voteScores([1, Infinity], 1), notFinite);
    assert.throws(() => critiqueMean([Number.NaN]), notFinite);
  });
});

describe("sideOf", () => {
  it("is decided only when the interval around the mean leaves the threshold out, and turns round with the scores", () => {
    const turned = { above: "below", below: "above", open: "open" } as const;
    const scores = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 9 });
    fc.assert(
      fc.property(scores, fc.double({ min: 1, max: 5, noNaN: true }), (list, threshold) => {
        const votes = voteScores(list, 1);
        assert.ok(votes.status === "read");
        const side = sideOf(votes, threshold);
        const beyond = Math.abs(votes.mean - threshold) - 2 * votes.sem!;
        if (Math.abs(beyond) > 1e-12) assert.equal(side === "open", beyond < 0); // on the border itself rounding decides
        assert.equal(
          sideOf(
            voteScores(
              list.map((score) => -score),
              1,
            ),
            -threshold,
          ),
          turned[side],
        );
      }),
    );
  });

  it("stays open on one answer, and on too few", () => {
    assert.equal(sideOf(voteScores([5], 1), 3), "open");
    assert.equal(sideOf(voteScores([5, null], 2), 3), "open");
  });
});

describe("votePairwise", () => {
  it("turns round with the verdicts", () => {
    const turned: Record<Verdict, Verdict> = { a: "b", b: "a", tie: "tie" };
    fc.assert(
      fc.property(fc.array(fc.option(fc.constantFrom<Verdict>("a", "b", "tie"))), (verdicts) => {
        const { probability, valid } = votePairwise(verdicts);
        const other = votePairwise(verdicts.map((verdict) => verdict && turned[verdict]));
        assert.equal(other.valid, valid);
        if (probability === null) return assert.ok(valid === 0 && other.probability === null);
        assert.ok(probability >= 0 && probability <= 1 && close(probability + other.probability!, 1, 1e-12));
      }),
    );
  });
});

describe("critiqueMean", () => {
  it("has no mean when every critique failed", () => {
    assert.deepEqual(critiqueMean([null, null]), { mean: null, std: null, valid: 0 });
  });
});
