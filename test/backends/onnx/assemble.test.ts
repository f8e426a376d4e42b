import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { assemble } from "../../../src/backends/onnx/assemble.ts";
import type { Overlong, Segment } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";

type Piece = [Segment["origin"], ...number[]];
const split = (pieces: readonly Piece[]) => ({
  segments: pieces.map(([origin]): Segment => ({ origin, text: "" })),
  ids: pieces.map(([, ...ids]) => Int32Array.from(ids)),
});
const run = (pieces: readonly Piece[], maxTokens: number, overlong: Overlong) => {
  const { segments, ids } = split(pieces);
  const sequence = assemble(segments, ids, maxTokens, overlong);
  return { ...sequence, ids: [...sequence.ids] };
};
const throwsReason = (make: () => unknown, reason: string, limit?: number) =>
  assert.throws(
    make,
    (error) => error instanceof GatewayError && error.reason === reason && (limit === undefined || error.details.limit === limit),
  );

/** Nine tokens: four of control, two and one of the prompt, two of the candidate. */
const nine: Piece[] = [
  ["control", 100, 101],
  ["prompt", 1, 2],
  ["control", 102],
  ["prompt", 3],
  ["candidate", 11, 12],
  ["control", 103],
];

test("assemble(segments, ids, …) joins tokens in order and tells where the candidate starts", () => {
  assert.deepEqual(run(nine, 512, "error"), { ids: [100, 101, 1, 2, 102, 3, 11, 12, 103], candidateStart: 6 });
});

test("assemble(segments, ids, …) adds no token and leaves a BOS of the template as the only one", () => {
  assert.deepEqual(
    run(
      [
        ["control", 1],
        ["prompt", 5],
        ["candidate", 6],
      ],
      8,
      "error",
    ).ids,
    [1, 5, 6],
  );
});

test("assemble(…, maxTokens, error) takes a text of max − 1 and of max tokens and refuses one of max + 1", () => {
  assert.equal(run(nine, 10, "error").ids.length, 9);
  assert.equal(run(nine, 9, "error").ids.length, 9);
  throwsReason(() => run(nine, 8, "error"), "ITEM_TOO_LONG", 8);
});

test("assemble(…, maxTokens, truncate) changes nothing at max − 1 and at max", () => {
  for (const maxTokens of [10, 9]) assert.deepEqual(run(nine, maxTokens, "truncate"), run(nine, 512, "error"));
});

test("assemble(…, truncate) drops the oldest prompt tokens first", () => {
  assert.deepEqual(run(nine, 8, "truncate"), {
    ids: [100, 101, 2, 102, 3, 11, 12, 103],
    candidateStart: 5,
    truncation: { side: "prompt_start", droppedTokens: 1 },
  });
  assert.deepEqual(run(nine, 6, "truncate").ids, [100, 101, 102, 11, 12, 103]);
});

test("assemble(…, truncate) drops the candidate's end when the whole prompt is gone", () => {
  assert.deepEqual(run(nine, 5, "truncate"), {
    ids: [100, 101, 102, 11, 103],
    candidateStart: 3,
    truncation: { side: "both", droppedTokens: 4 },
  });
});

test("assemble(…, truncate) says candidate_end when there was no prompt to drop", () => {
  const { truncation } = run(
    [
      ["control", 1],
      ["candidate", 2, 3, 4],
      ["control", 5],
    ],
    3,
    "truncate",
  );
  assert.deepEqual(truncation, { side: "candidate_end", droppedTokens: 2 });
});

test("assemble(…, truncate) refuses a text whose control tokens alone pass the limit", () => {
  assert.deepEqual(run(nine, 4, "truncate").ids, [100, 101, 102, 103]);
  throwsReason(() => run(nine, 3, "truncate"), "ITEM_TOO_LONG", 3);
});

test("assemble(segments, ids, …) marks an empty candidate at its place, and none at the end", () => {
  assert.equal(run([["control", 1], ["prompt", 2], ["candidate"], ["control", 3]], 8, "error").candidateStart, 2);
  assert.equal(
    run(
      [
        ["control", 1],
        ["prompt", 2],
      ],
      8,
      "error",
    ).candidateStart,
    2,
  );
});

test("assemble(segments, ids, …) refuses a text without one token", () => {
  throwsReason(() => run([["prompt"], ["candidate"]], 8, "error"), "REQUEST_INVALID");
});

test("assemble(…, truncate) keeps every control token, ends of prompts and starts of candidates, at exactly max tokens", () => {
  const piece = fc.tuple(fc.constantFrom<Segment["origin"]>("control", "prompt"), fc.array(fc.nat(999), { maxLength: 6 }));
  const candidate = fc.array(fc.nat(999), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), candidate, fc.integer({ min: 1, max: 30 }), (before, own, maxTokens) => {
      const pieces: Piece[] = [...before.map(([origin, ids]): Piece => [origin, ...ids]), ["candidate", ...own], ["control", 7]];
      const all = pieces.flatMap(([, ...ids]) => ids);
      const controls = pieces.filter(([origin]) => origin === "control").flatMap(([, ...ids]) => ids);
      if (controls.length > maxTokens && all.length > maxTokens) {
        throwsReason(() => run(pieces, maxTokens, "truncate"), "ITEM_TOO_LONG");
        return;
      }
      const { ids, truncation, candidateStart } = run(pieces, maxTokens, "truncate");
      assert.equal(ids.length, Math.min(all.length, maxTokens));
      assert.equal(truncation?.droppedTokens ?? 0, all.length - ids.length);
      const kept = ids.slice(candidateStart, -1);
      assert.deepEqual(kept, own.slice(0, kept.length));
      if (truncation?.side === "prompt_start") assert.deepEqual(kept, own);
    }),
  );
});

/** Three tokens of control, four of the prompt, and two candidates of two tokens. */
const group: Piece[] = [
  ["control", 100],
  ["prompt", 1, 2, 3, 4],
  ["candidate", 11, 12],
  ["control", 103],
  ["candidate", 21, 22],
  ["control", 103],
];

test("assemble(segments, ids, …) takes tokens of the prompt only where candidates stand side by side, and tells where the first starts", () => {
  assert.deepEqual(run(group, 8, "truncate"), {
    ids: [100, 4, 11, 12, 103, 21, 22, 103],
    candidateStart: 2,
    truncation: { side: "prompt_start", droppedTokens: 3 },
  });
});

test("assemble(segments, ids, …) refuses candidates side by side that leave nothing of the prompt, rather than cut one of them", () => {
  throwsReason(() => run(group, 7, "truncate"), "ITEM_TOO_LONG", 7);
  throwsReason(() => run(group, 5, "truncate"), "ITEM_TOO_LONG", 5);
  throwsReason(() => run(group, 10, "error"), "ITEM_TOO_LONG", 10);
});

test("assemble(…, maxTokens, truncatePrompt) drops the oldest prompt tokens and neither the candidate's nor the last of the prompt", () => {
  assert.deepEqual(run(nine, 7, "truncatePrompt"), run(nine, 7, "truncate"));
  throwsReason(() => run(nine, 6, "truncatePrompt"), "ITEM_TOO_LONG", 6);
  assert.deepEqual(run(group, 8, "truncatePrompt"), run(group, 8, "truncate"));
  const promptless = nine.filter(([origin]) => origin !== "prompt");
  assert.equal(run(promptless, 6, "truncatePrompt").ids.length, 6);
  throwsReason(() => run(promptless, 5, "truncatePrompt"), "ITEM_TOO_LONG", 5);
});

test("assemble(…, truncatePrompt) drops nothing of a reference, wherever it stands", () => {
  const pieces: Piece[] = [
    ["control", 100],
    ["reference", 21, 22],
    ["prompt", 1, 2, 3],
    ["reference", 23],
    ["candidate", 11, 12],
  ];
  assert.deepEqual(run(pieces, 7, "truncatePrompt").ids, [100, 21, 22, 3, 23, 11, 12]);
  throwsReason(() => run(pieces, 6, "truncatePrompt"), "ITEM_TOO_LONG", 6);
});
