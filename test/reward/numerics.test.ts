import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { logSigmoid, logSumExp, quantile, sigmoid, softmax, softplus, sum } from "../../src/reward/numerics.ts";
import { close } from "../support/vectors.ts";

describe("numerics", () => {
  it("logSigmoid keeps sign and order far above 0, where log(sigmoid(x)) is already 0", () => {
    assert.equal(Math.log(sigmoid(60)), 0);
    assert.ok(logSigmoid(60) < 0 && logSigmoid(59) < logSigmoid(60));
    assert.ok(Math.abs(logSigmoid(60) / -8.75651076269652e-27 - 1) < 1e-12); // python3: -math.log1p(math.exp(-60))
  });

  it("logSigmoid is finite where sigmoid underflows", () => assert.equal(logSigmoid(-800), -800));

  it("logSumExp of nothing is minus infinity", () => {
    assert.equal(logSumExp([]), -Infinity);
    assert.equal(logSumExp([-Infinity, -Infinity]), -Infinity);
  });

  it("sum keeps what plain addition loses", () => {
    assert.equal(sum([1e16, 1, -1e16]), 1);
    assert.equal(sum(new Float64Array(10_000).fill(0.1)), 1000);
    assert.equal(sum([]), 0);
  });

  it("quantile(xs, q) leaves its input as it was", () => {
    const xs = [3, 1, 2];
    assert.equal(quantile(xs, 0.5), 2);
    assert.deepEqual(xs, [3, 1, 2]);
  });

  it("softmax is a distribution that does not move with its logits, however large they are", () => {
    const logits = fc.array(fc.double({ min: -700, max: 700, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(logits, fc.double({ min: -1e4, max: 1e4, noNaN: true }), (xs, by) => {
        const p = softmax(xs);
        assert.ok(close(sum(p), 1, 1e-12));
        assert.ok(p.every((share) => share >= 0 && share <= 1));
        const moved = softmax(xs.map((x) => x + by));
        assert.ok(moved.every((share, i) => close(share, p[i]!, 1e-9)));
      }),
    );
    assert.deepEqual([...softmax([-Infinity, 3])], [0, 1]);
  });

  it("sigmoid and its complement sum to 1, and logSigmoid is its logarithm", () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        assert.ok(close(sigmoid(x) + sigmoid(-x), 1, 1e-15));
        assert.ok(close(Math.exp(logSigmoid(x)), sigmoid(x), 1e-12));
        assert.ok(close(logSigmoid(x) - logSigmoid(-x), x, 1e-12));
        assert.ok(close(softplus(x), x - logSigmoid(x), 1e-12));
      }),
    );
  });
});
