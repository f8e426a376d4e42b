import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/domain/errors.ts";
import { epic, starc } from "../../src/evaluation/reward-distance.ts";
import { close } from "../support/vectors.ts";

const score = fc.double({ min: -10, max: 10, noNaN: true });
const prompts = fc.array(fc.array(fc.tuple(score, score), { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 });
const split = (rows: readonly (readonly (readonly [number, number])[])[]) => ({
  a: rows.map((row) => row.map(([x]) => x)),
  b: rows.map((row) => row.map(([, y]) => y)),
});
/** Rounding may leave a trace of order in scores that are nearly equal; such prompts prove nothing here. */
const spreads = (rows: readonly (readonly number[])[]) => rows.some((row) => Math.max(...row) - Math.min(...row) > 1e-3);

describe("starc", () => {
  it("does not see a positive scale, or anything that depends on the prompt alone", () => {
    fc.assert(
      fc.property(
        prompts,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.array(score, { minLength: 5, maxLength: 5 }),
        (rows, scale, shifts) => {
          const { a, b } = split(rows);
          fc.pre(spreads(a) && spreads(b));
          const shaped = a.map((row, p) => row.map((x) => scale * x + shifts[p]!));
          assert.ok(close(starc(shaped, b).distance, starc(a, b).distance, 1e-5));
          assert.ok(starc(a, shaped).distance < 1e-5);
        },
      ),
    );
  });

  it("is a distance: symmetric, within [0, 1], 1 to the negation, and keeps the triangle inequality", () => {
    fc.assert(
      fc.property(prompts, (rows) => {
        const { a, b } = split(rows);
        fc.pre(spreads(a) && spreads(b));
        const c = a.map((row, p) => row.map((x, i) => x + b[p]![i]!));
        assert.ok(close(starc(a, b).distance, starc(b, a).distance, 1e-12));
        assert.ok(starc(a, b).distance >= 0 && starc(a, b).distance <= 1);
        assert.ok(
          close(
            starc(
              a,
              a.map((row) => row.map((x) => -x)),
            ).distance,
            1,
            1e-9,
          ),
        );
        assert.ok(starc(a, b).distance <= starc(a, c).distance + starc(c, b).distance + 1e-9);
      }),
    );
  });

  it("takes a judge that rounding makes almost constant for constant: ½ to any other, 0 to its like", () => {
    const constant = [[0.1, 0.1, 0.1]];
    const { distance, correlation } = starc(constant, [[1, 2, 3]]);
    assert.ok(close(distance, 0.5, 1e-12) && correlation === undefined);
    assert.equal(starc(constant, [[7, 7, 7]]).distance, 0);
  });

  it("leaves out an item that either lacks, and prompts with fewer than two items left", () => {
    const { distance, prompts } = starc(
      [
        [1, null, 3],
        [4, 5],
      ],
      [
        [2, 9, 4],
        [null, 1],
      ],
    );
    assert.deepEqual([Math.round(distance * 1e9), prompts], [0, 1]);
  });

  it("refuses NaN", () => {
    assert.throws(() => starc([[Number.NaN, 1]], [[1, 2]]), GatewayError);
  });
});

describe("epic", () => {
  it("does not see an increasing affine map, and does see a shift of one prompt", () => {
    const a = [
      [1, 2],
      [0, 3],
    ];
    const affine = a.map((row) => row.map((x) => 2 * x + 5));
    const shifted = [[11, 12], a[1]!];
    assert.ok(epic(a, affine).distance < 1e-7);
    assert.ok(epic(a, shifted).distance > 0.3 && starc(a, shifted).distance < 1e-7);
  });

  it("has no correlation with a constant judge, and distance ½", () => {
    const { distance, correlation } = epic([[1, 2]], [[3, 3]]);
    assert.ok(close(distance, 0.5, 1e-12) && correlation === undefined);
  });
});
