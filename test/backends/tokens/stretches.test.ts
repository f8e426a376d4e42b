import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type Special, stretcher } from "../../../src/backends/tokens/stretches.ts";
import type { Segment } from "../../../src/domain/backend.ts";

const special = (content: string, takesSpaceBefore = false): Special => ({ content, secret: `{${content}}`, takesSpaceBefore });
const cut = stretcher([special("<s>"), special("<s>>"), special("<end>"), special("<mask>", true)]);
const segment = (origin: Segment["origin"], text: string): Segment => ({ origin, text });

const texts = (...segments: Segment[]) => cut(segments).map(({ text }) => text);

test("a stretch begins at a special token of control text and holds the contents behind it", () => {
  const stretches = cut([
    segment("control", "<s>user\n"),
    segment("prompt", "hi"),
    segment("control", "<end>\n<s>"),
    segment("candidate", "yo"),
  ]);
  assert.deepEqual(
    stretches.map(({ text }) => text),
    ["{<s>}user\nhi", "{<end>}\n", "{<s>}yo"],
  );
  assert.deepEqual(
    stretches.map(({ parts }) => parts.map((part) => [part.segment, part.text, part.isSpecial])),
    [
      [
        [0, "{<s>}user\n", false],
        [1, "hi", false],
      ],
      [[2, "{<end>}\n", false]],
      [
        [2, "{<s>}", true],
        [3, "yo", false],
      ],
    ],
  );
});

test("contents get no secret, whatever they spell", () => {
  assert.deepEqual(texts(segment("control", "<s>"), segment("prompt", "<end><s>"), segment("candidate", "<mask>")), [
    "{<s>}<end><s><mask>",
  ]);
});

test("the longest spelling wins, and a token that takes the white space before it begins no stretch", () => {
  assert.deepEqual(texts(segment("control", "<s>>a <mask>b<end>")), ["{<s>>}a {<mask>}b", "{<end>}"]);
});

test("texts without special tokens are one stretch, and without text there is none", () => {
  assert.deepEqual(texts(segment("control", "Q: "), segment("prompt", "a"), segment("control", " A: "), segment("candidate", "b")), [
    "Q: a A: b",
  ]);
  assert.deepEqual(texts(segment("prompt", ""), segment("candidate", "")), []);
  assert.deepEqual(
    stretcher([])([segment("control", "<s>")]).map(({ text }) => text),
    ["<s>"],
  );
});

test("every segment gets its whole text back, in order", () => {
  const anySegment = fc.record({
    origin: fc.constantFrom<Segment["origin"]>("control", "prompt", "candidate"),
    text: fc.array(fc.constantFrom("<s>", "<s>>", "<end>", "<mask>", " ", "a", "\n", "💡")).map((parts) => parts.join("")),
  });
  fc.assert(
    fc.property(fc.array(anySegment, { maxLength: 6 }), (segments) => {
      const back = segments.map(() => "");
      for (const { text, parts } of cut(segments)) {
        assert.equal(text, parts.map((part) => part.text).join(""));
        for (const part of parts) back[part.segment] += part.text;
      }
      const expected = segments.map(({ origin, text }) => (origin === "control" ? text.replace(/<s>>|<s>|<end>|<mask>/g, "{$&}") : text));
      assert.deepEqual(back, expected);
    }),
  );
});
