import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import {
  arctan,
  arctanOver,
  centred,
  centreOn,
  preferenceAsReward,
  preferOver,
  tanh,
  tanhOver,
} from "../../../src/reward/transforms/centred.ts";
import { close } from "../../support/vectors.ts";

const score = fc.double({ min: -40, max: 40, noNaN: true });
const references = fc.array(score, { minLength: 1, maxLength: 10 });
const TRANSFORMS = {
  centreOn,
  tanhOver,
  arctanOver,
  preferOver: (scores: Float64Array, refs: Float64Array) => preferOver(scores, refs, { slope: 1.5, shift: 0.5 }),
};

describe("transforms by distance from references", () => {
  for (const [name, transform] of Object.entries(TRANSFORMS)) {
    it(`${name} never falls as the score rises, moves with the references, and does not depend on their order`, () => {
      fc.assert(
        fc.property(references, score, score, score, (refs, a, b, by) => {
          const of = (x: number, rs: number[]) => transform(Float64Array.of(x), Float64Array.from(rs))[0]!;
          assert.ok(of(Math.min(a, b), refs) <= of(Math.max(a, b), refs) + 1e-12);
          assert.ok(
            Math.abs(
              of(
                a + by,
                refs.map((r) => r + by),
              ) - of(a, refs),
            ) < 1e-9,
          );
          assert.ok(close(of(a, refs.toReversed()), of(a, refs), 1e-12));
        }),
      );
    });

    it(`${name} refuses to go without a reference`, () => {
      assert.throws(
        () => transform(Float64Array.of(1), Float64Array.of()),
        (error) => error instanceof GatewayError && error.reason === "REFERENCE_MISSING",
      );
    });
  }

  it("stay in their bounds far away from the references", () => {
    for (const far of [-1e6, 1e6]) {
      const [scores, refs] = [Float64Array.of(far), Float64Array.of(0)];
      const p = preferOver(scores, refs, { slope: 1, shift: 0 })[0]!;
      assert.ok(p >= 0 && p <= 1);
      assert.ok(Math.abs(tanhOver(scores, refs)[0]!) <= 1 && Math.abs(arctanOver(scores, refs)[0]!) < Math.PI / 2);
    }
  });

  it("are ½ or 0 at a single reference", () => {
    const at = [Float64Array.of(0.7), Float64Array.of(0.7)] as const;
    assert.deepEqual(
      [preferOver(...at, { slope: 3, shift: 0 })[0], tanhOver(...at)[0], arctanOver(...at)[0], centreOn(...at)[0]],
      [0.5, 0, 0, 0],
    );
  });
});

describe("centred, tanh, arctan and preferenceAsReward", () => {
  it("apply with constant references, and say what space they give", () => {
    const spec = { spaceIn: "logit", revision: "r", judge: "j" } as const;
    const given = { references: [1, 3] };
    for (const [kind, value, space] of [
      [centred, 0, "logit"],
      [tanh, 0, "native"],
      [arctan, 0, "native"],
    ] as const) {
      const transform = kind.create(kind.params.parse(given), spec);
      assert.deepEqual([transform.apply(Float64Array.of(2), {})[0], transform.spaceOut], [value, space]);
    }
    const params = preferenceAsReward.params.parse(given);
    assert.deepEqual(params, { references: [1, 3], slope: 1, shift: 0 });
    const transform = preferenceAsReward.create(params, spec);
    assert.deepEqual([transform.apply(Float64Array.of(2), {})[0], transform.spaceOut], [0.5, "unit"]);
    assert.equal(centred.spaceOut("native"), "native");
    assert.equal(centred.params.safeParse({ references: [] }).success, false);
  });
});
