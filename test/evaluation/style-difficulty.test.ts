import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scoreDifficulties } from "../../src/evaluation/style-difficulty.ts";
import { close } from "../support/vectors.ts";

const counts = (right: number, wrong: number, ties = 0) => ({ right, ties, wrong });

describe("scoreDifficulties", () => {
  const scores = scoreDifficulties({
    "chat-easy": counts(9, 1),
    "chat-hard": counts(2, 7, 1),
    "safety-refuse-hard": counts(3, 0),
    "safety-response-hard": counts(0, 1),
    "helpful-base": counts(1, 0),
  });

  it("pools what is about safety, leaves other subsets out, and takes a tie for wrong", () => {
    assert.deepEqual(scores.domains, [
      { domain: "chat", by: { easy: { n: 10, accuracy: 0.9 }, hard: { n: 10, accuracy: 0.2 } }, mean: 0.55 },
      { domain: "safety", by: { hard: { n: 4, accuracy: 0.75 } }, mean: 0.75 },
    ]);
  });

  it("weighs domains alike", () => {
    assert.ok(close(scores.by.hard!, (0.2 + 0.75) / 2, 1e-12) && close(scores.overall!, (0.55 + 0.75) / 2, 1e-12));
    assert.deepEqual([scores.by.easy, scores.by.normal], [0.9, undefined]);
  });

  it("has no overall score without such subsets", () => assert.equal(scoreDifficulties({ a: counts(1, 1) }).overall, undefined));
});
