import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { codePointsOfUnits, unitsOfCodePoints } from "../../../src/reward/process/text-offsets.ts";

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const refuses = (run: () => unknown) => assert.throws(run, (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID");

describe("unitsOfCodePoints and codePointsOfUnits", () => {
  it("undo one another and cut the text where Python would", () => {
    fc.assert(
      fc.property(text, (response) => {
        const points = Array.from(response);
        const places = [...points.keys(), points.length];
        const units = unitsOfCodePoints(response, places);
        assert.deepEqual(
          units.map((unit) => response.slice(0, unit)),
          places.map((place) => points.slice(0, place).join("")),
        );
        assert.deepEqual(codePointsOfUnits(response, units), places);
      }),
    );
  });

  it("refuse places that are none", () => {
    for (const places of [[3], [2, 1], [-1], [0.5], [Number.NaN]]) refuses(() => unitsOfCodePoints("🙂b", places));
    for (const places of [[1], [4], [3, 2], [-1]]) refuses(() => codePointsOfUnits("🙂b", places));
  });
});
