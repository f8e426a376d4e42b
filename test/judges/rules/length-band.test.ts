import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { lengthBand } from "../../../src/judges/rules/length-band.ts";

describe("lengthBand(length, band)", () => {
  it("never rises with the distance from the band, and stays in [0, 1]", () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.nat(20), fc.nat(100), (min, width, margin, length) => {
        const band = { min, max: min + width, margin };
        const value = lengthBand(length, band);
        assert.ok(value >= 0 && value <= 1);
        if (length > band.max) assert.ok(lengthBand(length + 1, band) <= value);
        if (length < band.min && length > 0) assert.ok(lengthBand(length - 1, band) <= value);
      }),
    );
  });
});
