import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { type YesOptions, yesProbability } from "../../../src/judges/generative/yes-probability.ts";
import { close } from "../../support/vectors.ts";

const options: YesOptions = { yes: ["Yes", "yes"], no: ["No", "no"], missing: "topKBound", minMass: 0.5 };
const turned: YesOptions = { ...options, yes: options.no, no: options.yes };

/** P of yes, no and some other token, which sum to at most 1. */
const shares = fc
  .tuple(
    fc.double({ min: 0.01, max: 1, noNaN: true }),
    fc.double({ min: 0.01, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map(([yes, no, other]) => [yes, no, other].map((p) => p / (yes + no + other)));

describe("yesProbability", () => {
  it("is the share of yes in yes and no, and turns round with the two", () => {
    fc.assert(
      fc.property(shares, ([yes, no, other]) => {
        const tokens = new Map(Object.entries({ Yes: yes!, No: no!, Hm: other! }).map(([token, p]) => [token, Math.log(p)]));
        const read = yesProbability(tokens, options);
        assert.ok(close(read.mass, yes! + no!, 1e-9));
        assert.equal(read.status, read.mass < 0.5 ? "abstained" : "read");
        if (read.status === "abstained") return;
        assert.ok(close(read.probability, yes! / (yes! + no!), 1e-9) && !read.bounded);
        const exchanged = yesProbability(tokens, turned);
        assert.ok(exchanged.status === "read" && close(exchanged.probability, 1 - read.probability, 1e-9));
      }),
    );
  });

  it("adds up the spellings of a side, each once", () => {
    const tokens = new Map([
      ["Yes", Math.log(0.3)],
      ["yes", Math.log(0.3)],
      ["No", Math.log(0.4)],
    ]);
    const read = yesProbability(tokens, { ...options, yes: ["Yes", "yes", "Yes"] });
    assert.ok(read.status === "read" && close(read.probability, 0.6, 1e-12));
  });

  it("takes a side that is not listed for no likelier than the last that is, so that a longer list moves p outwards only", () => {
    const listed = [
      ["Yes", Math.log(0.9)],
      ["Sure", Math.log(0.05)],
      ["Well", Math.log(0.01)],
    ] as const;
    const at = (n: number) => {
      const read = yesProbability(new Map(listed.slice(0, n)), options);
      assert.ok(read.status === "read" && read.bounded);
      return read.probability;
    };
    assert.ok(at(1) === 0.5 && at(1) < at(2) && at(2) < at(3) && at(3) < 1);
    const floored = yesProbability(new Map(listed), { ...options, missing: -100 });
    assert.ok(floored.status === "read" && floored.probability > at(3));
  });

  it("abstains without a listed token, whatever the bar, and where the judge spoke of something else", () => {
    for (const tokens of [new Map<string, number>(), new Map([["The", -0.1]]), new Map([["Yes", -Infinity]])])
      assert.equal(yesProbability(tokens, { ...options, minMass: 0 }).status, "abstained");
    assert.equal(yesProbability(new Map([["Yes", Math.log(0.4)]]), options).status, "abstained");
  });

  it("refuses a log-probability that is NaN", () => {
    assert.throws(
      () => yesProbability(new Map([["Hm", Number.NaN]]), options),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });
});
