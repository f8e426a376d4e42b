import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { logSigmoid, logSumExp, quantile, sigmoid, softplus, sum } from "../../src/reward/numerics.ts";
import { close, vectors } from "../support/vectors.ts";

describe("numerics", () => {
  for (const { case: name, input, expected } of vectors("num.log_sigmoid")) {
    it(`sigmoid, logSigmoid and softplus agree with the worked case ${name}`, () => {
      assert.ok(close(logSigmoid(input.x), expected.log_sigmoid));
      assert.ok(close(sigmoid(input.x), expected.sigmoid));
      assert.ok(close(-softplus(input.x), expected.log1m_sigmoid));
    });
  }

  for (const { case: name, input, expected } of vectors("num.logsumexp")) {
    it(`logSumExp agrees with the worked case: ${name}`, () => assert.ok(close(logSumExp(input.x.map(Number)), expected.lse)));
  }

  for (const { case: name, input, params, expected } of vectors("num.quantile_type7")) {
    it(`quantile agrees with the worked case ${name}`, () => assert.ok(close(quantile(input.x, params.q), expected.value)));
  }

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
});
