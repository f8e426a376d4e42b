import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { joinBlocks, overlappingBlocks } from "../../../src/judges/multi-response/blocks.ts";
import { close } from "../../support/vectors.ts";

const refuses = (reason: string, run: () => unknown) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);
const sizes = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }));

describe("overlappingBlocks", () => {
  it("hold every candidate, the anchors in each, and no more than a judge reads", () => {
    fc.assert(
      fc.property(sizes, ([candidates, anchors, room]) => {
        const blocks = overlappingBlocks(candidates, anchors + room, anchors);
        for (const block of blocks) {
          assert.ok(block.length <= anchors + room && new Set(block).size === block.length);
          assert.deepEqual(block.slice(0, anchors), blocks[0]!.slice(0, anchors));
        }
        assert.deepEqual(
          [...new Set(blocks.flat())].sort((a, b) => a - b),
          [...Array(candidates).keys()],
        );
      }),
    );
  });

  it("refuse a size without room, and no anchors", () => {
    refuses("CONFIG_INVALID", () => overlappingBlocks(5, 2, 2));
    refuses("CONFIG_INVALID", () => overlappingBlocks(5, 2, 0));
  });
});

describe("joinBlocks", () => {
  it("finds the scores of one pass again, whatever level each block has", () => {
    const score = fc.double({ min: -9, max: 9, noNaN: true });
    fc.assert(
      fc.property(
        sizes,
        fc.array(score, { minLength: 20, maxLength: 20 }),
        fc.array(score, { minLength: 20, maxLength: 20 }),
        (size, worths, shifts) => {
          const [candidates, anchors, room] = size;
          const blocks = overlappingBlocks(candidates, anchors + room, anchors).map((block, b) => ({
            candidates: block,
            scores: block.map((candidate) => worths[candidate]! + shifts[b]!),
          }));
          const joined = joinBlocks(blocks, Math.min(anchors, candidates));
          assert.equal(joined.length, candidates);
          for (const [candidate, joint] of joined.entries()) assert.ok(close(joint, worths[candidate]! + shifts[0]!, 1e-9));
        },
      ),
    );
  });

  it("averages what blocks say of an anchor, around the level that they share", () => {
    const joined = joinBlocks(
      [
        { candidates: [0, 1, 2], scores: [1, 3, 0] },
        { candidates: [0, 1, 3], scores: [2, 2, 7] },
      ],
      2,
    );
    assert.deepEqual([...joined], [1.5, 2.5, 0, 7]);
  });

  it("refuses a block without the anchors, a candidate that is missing, and a score that is not finite", () => {
    refuses("REQUEST_INVALID", () =>
      joinBlocks(
        [
          { candidates: [0, 1], scores: [1, 2] },
          { candidates: [2], scores: [1] },
        ],
        1,
      ),
    );
    refuses("REQUEST_INVALID", () => joinBlocks([{ candidates: [0, 2], scores: [1, 2] }], 1));
    refuses("REQUEST_INVALID", () => joinBlocks([{ candidates: [0, 1], scores: [1] }], 1));
    refuses("SCORE_NOT_FINITE", () => joinBlocks([{ candidates: [0, 1], scores: [1, Number.NaN] }], 1));
  });
});
