import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evidenceOccurs, locateEvidence } from "../../../src/judges/generative/evidence.ts";

describe("evidenceOccurs", () => {
  it("finds every passage of a text, however its white space was set", () => {
    const words = fc.array(fc.constantFrom("the", "tool", "failed", "é", "🙂"), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(words, fc.nat(), (list, from) => {
        const citation = list.slice(from % (list.length - 1)).join(" \n\t");
        assert.ok(evidenceOccurs(citation, `Then ${list.join(" ")}.`, 1));
      }),
    );
  });

  it("does not find what is paraphrased, stitched together, of another case, empty or too short", () => {
    const text = "The call failed. The tool was asked again.";
    for (const citation of ["The call did not succeed", "The call was asked again", "the call failed", "", "  ", "The"])
      assert.ok(!evidenceOccurs(citation, text, 8), citation);
    assert.ok(!evidenceOccurs("", text, 0));
  });
});

describe("locateEvidence", () => {
  it("finds a passage in the text as it is, white space and all", () => {
    const text = "  I have booked  SK 1472\n\tfor you.";
    const { start, end } = locateEvidence(" booked SK 1472 for you ", text, 8)!;
    assert.equal(text.slice(start, end), "booked  SK 1472\n\tfor you");
    assert.deepEqual(locateEvidence("\u{1f600} yes", "a\u{1f600}  yes", 3), { start: 1, end: 8 });
    assert.equal(locateEvidence("booked SK1472", text, 8), undefined);
  });

  it("comes to an end on a long citation made to hold it up", { timeout: 120_000 }, () => {
    const run = "a".repeat(2 ** 20);
    assert.equal(locateEvidence(`${run}b${run}`, run.repeat(4), 8), undefined);
  });
});
