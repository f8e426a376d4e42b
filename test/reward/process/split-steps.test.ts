import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { type StepRule, splitSteps } from "../../../src/reward/process/split-steps.ts";

const steps = (text: string, rule: StepRule) => splitSteps(text, rule).map(({ start, end }) => text.slice(start, end));
const refuses = (reason: string, run: () => unknown) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);

describe("splitSteps", () => {
  it("splits at markers, at lines and between tags", () => {
    assert.deepEqual(steps("Add.\nки\n\n Divide. ки", { by: "marker", marker: "ки" }), ["Add.", "Divide."]);
    assert.deepEqual(steps("one\r\n \n two", { by: "lines" }), ["one", "two"]);
    const tags = { by: "tags", open: "<step>", close: "</step>" } as const;
    assert.deepEqual(steps("a<step> b </step>c<step></step><step>d</step>", tags), ["b", "d"]);
    assert.deepEqual(steps("<step>a</step><step>cut o", tags), ["a", "cut o"]);
  });

  it("splits at headings in turn, keeps what comes before the first, and takes a heading out of turn for text", () => {
    const headings = { by: "headings", word: "Step" } as const;
    assert.deepEqual(steps("Step 1: Add.\nMore.\nStep 2) Divide.\nStep 3. Done", headings), ["Add.\nMore.", "Divide.", "Done"]);
    assert.deepEqual(steps("So:\nStep 1: a\nStep 3: b\n Step 2: c\nStep 2 d\nStep 10: e", headings), [
      "So:",
      "a\nStep 3: b\n Step 2: c\nStep 2 d\nStep 10: e",
    ]);
    assert.deepEqual(steps("Step 1:\nStep 2:\nStep 3: x", headings), ["x"]);
    assert.deepEqual(steps("see Step 1: a", headings), ["see Step 1: a"]);
    refuses("CONFIG_INVALID", () => splitSteps("a", { by: "headings", word: "" }));
  });

  it("takes the whole response as one step where there is none", () => {
    assert.deepEqual(steps(" only one ", { by: "tags", open: "<step>", close: "</step>" }), ["only one"]);
    assert.deepEqual(splitSteps(" \n", { by: "lines" }), [{ start: 0, end: 2 }]);
    assert.deepEqual(splitSteps("", { by: "lines" }), [{ start: 0, end: 0 }]);
    assert.deepEqual(steps(" a ", { by: "offsets", ends: [] }), ["a"]);
  });

  it("takes a caller's offsets as they are, and refuses those that do not ascend within the text", () => {
    assert.deepEqual(steps("ab\n\ncd", { by: "offsets", ends: [2, 5] }), ["ab", "\n\nc"]);
    for (const ends of [[0], [2, 2], [3, 2], [7], [1.5], [Number.NaN]])
      refuses("REQUEST_INVALID", () => splitSteps("abcdef", { by: "offsets", ends }));
  });

  it("refuses a marker without text", () => {
    refuses("CONFIG_INVALID", () => splitSteps("a", { by: "marker", marker: "" }));
    refuses("CONFIG_INVALID", () => splitSteps("a", { by: "tags", open: "<s>", close: "" }));
  });

  it("gives disjoint spans in order that leave out nothing but markers and white space", () => {
    const text = fc.array(fc.constantFrom("a", "é", "🙂", " ", "\n", "\n\n", "|"), { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (response) => {
        const spans = splitSteps(response, { by: "marker", marker: "|" });
        for (const [h, { start, end }] of spans.entries()) assert.ok(start <= end && start >= (spans[h - 1]?.end ?? 0));
        const kept = spans.map(({ start, end }) => response.slice(start, end)).join("");
        const bare = (s: string) => s.replace(/[|\s]/g, "");
        assert.equal(bare(kept), bare(response));
      }),
    );
  });
});
