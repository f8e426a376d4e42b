import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { preferenceStrength } from "../../../src/reward/calibration/preference-strength.ts";
import { close } from "../../support/vectors.ts";

describe("preferenceStrength(margins, ddof)", () => {
  it("turns around with the pair and does not depend on the order of the models", () => {
    const margins = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(margins, (ms) => {
        const there = preferenceStrength(ms, 0);
        const back = preferenceStrength(
          ms.map((m) => -m),
          0,
        );
        assert.ok(close(back.strength, -there.strength, 1e-12) && close(back.softLabel, 1 - there.softLabel, 1e-12));
        assert.ok(there.softLabel > 0 && there.softLabel < 1);
        const reversed = preferenceStrength(ms.toReversed(), 0);
        assert.ok(close(reversed.strength, there.strength, 1e-12) && close(reversed.std, there.std, 1e-9));
      }),
    );
  });
});
