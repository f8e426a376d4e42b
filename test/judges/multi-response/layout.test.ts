import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { packCandidates } from "../../../src/judges/multi-response/layout.ts";

const refuses = (reason: string, run: () => unknown) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);

describe("packCandidates", () => {
  it("places every candidate behind the prompt, apart from the others, with a place of its own to read", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.nat(20),
        lengths,
        fc.nat(3),
        fc.constantFrom("separator" as const, "lastToken" as const),
        (prompt, list, gap, read) => {
          const separatorLength = read === "separator" ? gap + 1 : gap;
          const { spans, readPositions, length } = packCandidates(prompt, list, { separatorLength, read });
          assert.deepEqual(
            spans.map(([start, end]) => end - start),
            list,
          );
          assert.equal(length, prompt + list.reduce((a, b) => a + b) + list.length * separatorLength);
          for (const [i, [start]] of spans.entries()) {
            assert.equal(start, i === 0 ? prompt : spans[i - 1]![1] + separatorLength);
            // A candidate's score has read all of the candidate and nothing of the next one.
            assert.ok(readPositions[i]! >= spans[i]![1] - 1 && readPositions[i]! < (spans[i + 1]?.[0] ?? length));
          }
        },
      ),
    );
  });

  it("refuses a place to read that holds no token", () => {
    refuses("REQUEST_INVALID", () => packCandidates(3, [2, 0], { separatorLength: 1, read: "lastToken" }));
    refuses("CONFIG_INVALID", () => packCandidates(3, [2], { separatorLength: 0, read: "separator" }));
    assert.deepEqual(packCandidates(3, [0], { separatorLength: 1, read: "separator" }).readPositions, [3]);
  });
});
