import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { swapOrders } from "../../../src/judges/generative/order-swap.ts";
import { close } from "../../support/vectors.ts";

const probability = fc.double({ min: 0, max: 1, noNaN: true });

describe("swapOrders", () => {
  it("is antisymmetric: with a and b exchanged, probabilities turn round and the bias stays", () => {
    fc.assert(
      fc.property(probability, probability, (ab, ba) => {
        const pair = swapOrders(ab, ba);
        const exchanged = swapOrders(ba, ab);
        assert.ok(close(pair.probability! + exchanged.probability!, 1, 1e-12));
        assert.ok(close(pair.strict! + exchanged.strict!, 1, 1e-12));
        assert.equal(pair.positionBias, exchanged.positionBias);
        assert.equal(pair.consistent, exchanged.consistent);
        assert.equal({ a: "b", b: "a", tie: "tie" }[pair.verdict!], exchanged.verdict);
      }),
    );
  });

  it("calls a pair undecided when an order names no winner", () => {
    for (const [ab, ba] of [
      [0.8, 0.5],
      [0.5, 0.2],
      [0.2, 0.5],
      [0.5, 0.5],
    ] as const)
      assert.deepEqual([swapOrders(ab, ba).consistent, swapOrders(ab, ba).verdict, swapOrders(ab, ba).strict], [false, "tie", 0.5]);
  });

  it("takes the mean of both orders where they agree, also where a disagreement counts as a tie", () => {
    const [a, b] = [swapOrders(0.75, 0.25), swapOrders(0.25, 0.75)];
    assert.deepEqual([a.consistent, a.verdict, a.strict], [true, "a", 0.75]);
    assert.deepEqual([b.consistent, b.verdict, b.strict], [true, "b", 0.25]);
  });

  it("takes a judge's liking for the first place out of its probabilities", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 0.8, noNaN: true }), fc.double({ min: -0.2, max: 0.2, noNaN: true }), (p, bias) => {
        const pair = swapOrders(p + bias, 1 - p + bias);
        assert.ok(close(pair.probability!, p, 1e-12) && close(pair.positionBias!, bias, 1e-12));
      }),
    );
  });

  it("knows no bias, consistency or winner from one order, and nothing from none", () => {
    const unknown = { positionBias: null, consistent: null, verdict: null, strict: null };
    assert.deepEqual(swapOrders(0.75, null), { probability: 0.75, ...unknown });
    assert.deepEqual(swapOrders(null, 0.75), { probability: 0.25, ...unknown });
    assert.deepEqual(swapOrders(null, null), { probability: null, ...unknown });
  });

  it("refuses a probability that is NaN", () => {
    assert.throws(
      () => swapOrders(Number.NaN, 0.5),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });
});
