import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "mathjs/number";
import { exactValues } from "../../../../src/judges/rules/math/exact.ts";

const of = (formula: string) => exactValues(parse!(formula), ["v_x"]);

describe("exactValues(formula, variables)", () => {
  it("gives a half and its decimal the same remainders, and says which of them may be rounded", () => {
    assert.deepEqual(of("1/2")?.remainders, of("0.5")?.remainders);
    assert.deepEqual([of("1/2")?.isRounded, of("0.5")?.isRounded], [false, true]);
  });
  it("reads decimals as they are written", () => assert.deepEqual(of("0.0000001")?.remainders, of("10^(-7)")?.remainders));
  it("takes no root for rational", () => assert.equal(of("sqrt(2)"), null));
  for (const none of ["1/0", "1/(v_x-v_x)", "2^(1/2)", "2^v_x", "10^(10^13)", "1001!", "(1/2)!", "0^(-1)", "v_y"])
    it(`has none of ${none}`, () => assert.equal(of(none), null));
});
