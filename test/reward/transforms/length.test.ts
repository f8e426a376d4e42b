import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { chargeExcess, cosineLength, generalisedLength, requireLengths, softOverlong } from "../../../src/reward/transforms/length.ts";

const length = fc.integer({ min: 0, max: 300 });
const shape = { max: 100, correct: [0.5, 1], wrong: [-1, -0.5] } as const;

describe("length terms", () => {
  it("never reward a longer completion, except a wrong answer under the cosine", () => {
    fc.assert(
      fc.property(length, length, (a, b) => {
        const [short, long] = [Math.min(a, b), Math.max(a, b)];
        const falls = (term: (l: number) => number) => assert.ok(term(long) <= term(short) + 1e-12);
        falls((l) => chargeExcess(Float64Array.of(1), [l], { free: 50, perToken: 0.01 })[0]!);
        falls((l) => softOverlong([l], { max: 200, cache: 60 })[0]!);
        falls((l) => cosineLength([true], [l], shape)[0]!);
        falls((l) => -cosineLength([false], [l], shape)[0]!);
      }),
    );
  });

  it("stay in their bounds", () => {
    fc.assert(
      fc.property(length, fc.constantFrom("linear", "quadratic", "exp"), (l, form) => {
        for (const u of [
          softOverlong([l], { max: 200, cache: 0 })[0]!,
          generalisedLength([l], { target: 100, tolerance: 10, scale: 50, shape: form })[0]!,
        ]) {
          assert.ok(u >= -1 && u <= 0);
        }
        const [right, wrong] = cosineLength([true, false], [l, l], shape);
        assert.ok(right! >= 0.5 && right! <= 1 && wrong! >= -1 && wrong! <= -0.5);
      }),
    );
  });

  it("cosineLength does not come up again beyond its greatest length", () => {
    assert.deepEqual([...cosineLength([true, false], [150, 150], shape)], [0.5, -0.5]);
  });

  it("generalisedLength is symmetric about its target and free within the tolerance", () => {
    const penalty = { target: 100, tolerance: 20, scale: 80, shape: "exp" } as const;
    const [short, long, near] = generalisedLength([40, 160, 119], penalty);
    assert.equal(short, long);
    assert.equal(near, 0);
  });

  it("refuse a length that is missing, negative or no number", () => {
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "REQUEST_INVALID";
    for (const wrong of [null, -1, Number.NaN, Infinity]) assert.throws(() => requireLengths([3, wrong]), refused);
    assert.throws(() => softOverlong([null], { max: 10, cache: 2 }), refused);
  });
});
