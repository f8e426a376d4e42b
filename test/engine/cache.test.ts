import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { RawScore } from "../../src/domain/judge.ts";
import { type CachedAnswer, createScoreCache } from "../../src/engine/cache.ts";

function answerOf(...scores: RawScore[]): CachedAnswer {
  return { scores, tokens: 1, truncation: undefined };
}

function scored(value: number): RawScore {
  return { outcome: "scored", value };
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

test("get returns the very bits that were stored, over 10,000 doubles with −0, subnormals and extremes among them", () => {
  const cache = createScoreCache({ maxBytes: 64e6, maxEntries: 1e6 });
  const bytes = new DataView(new ArrayBuffer(8));
  const values = [-0, 0, 1e-300, -1e-300, 5e-324, Number.MAX_VALUE, Number.MIN_VALUE];
  for (let index = 0; values.length < 10_000; index++) {
    bytes.setBigUint64(0, createHash("sha256").update(`${index}`).digest().readBigUInt64LE());
    if (Number.isFinite(bytes.getFloat64(0))) values.push(bytes.getFloat64(0));
  }
  for (const [index, value] of values.entries()) cache.set("r", `${index}`, answerOf(scored(value)));
  for (const [index, value] of values.entries()) {
    const score = cache.get("r", `${index}`)!.scores[0]!;
    assert.ok(score.outcome === "scored" && Object.is(score.value, value), `${value}`);
  }
});

test("a score stored under one revision is not there under another", () => {
  const cache = createScoreCache({ maxBytes: 1e6, maxEntries: 100 });
  cache.set("r1", "d", answerOf(scored(1)));
  assert.equal(cache.get("r2", "d"), undefined);
  assert.notEqual(cache.get("r1", "d"), undefined);
});

test("revisions and digests do not run into each other", () => {
  const cache = createScoreCache({ maxBytes: 1e6, maxEntries: 100 });
  cache.set("a", "bc", answerOf(scored(1)));
  assert.equal(cache.get("ab", "c"), undefined);
});

test("nothing but finite scores is stored", () => {
  const cache = createScoreCache({ maxBytes: 1e6, maxEntries: 100 });
  const bad: RawScore[] = [
    scored(Number.NaN),
    scored(Number.POSITIVE_INFINITY),
    { outcome: "abstained", message: "no opinion" },
    { outcome: "scored", value: 1, objectives: Float64Array.of(1, Number.NaN) },
    { outcome: "scored", value: 1, gating: Float64Array.of(Number.NEGATIVE_INFINITY) },
  ];
  for (const [index, score] of bad.entries()) {
    cache.set("r", `${index}`, answerOf(scored(1), score));
    assert.equal(cache.get("r", `${index}`), undefined);
  }
});

test("the cache holds no more bytes and entries than it may, and drops the least recently used first", () => {
  const few = createScoreCache({ maxBytes: 1e9, maxEntries: 3 });
  for (const digest of ["a", "b", "c"]) few.set("r", digest, answerOf(scored(1)));
  few.get("r", "a");
  few.set("r", "d", answerOf(scored(1)));
  assert.equal(few.get("r", "b"), undefined);
  assert.notEqual(few.get("r", "a"), undefined);

  const small = createScoreCache({ maxBytes: 10_000, maxEntries: 1e6 });
  for (let index = 0; index < 1000; index++) small.set("r", `${index}`, answerOf(scored(index)));
  let held = 0;
  for (let index = 0; index < 1000; index++) if (small.get("r", `${index}`)) held++;
  assert.ok(held > 10 && held < 40, `${held} entries in 10,000 bytes`);
});

test("whatever an answer carries counts against the bytes: each score, vectors, token rewards, critiques and findings", () => {
  const heldOf100 = (answer: CachedAnswer) => {
    const cache = createScoreCache({ maxBytes: 100_000, maxEntries: 1e6 });
    for (let index = 0; index < 100; index++) cache.set("r", `${index}`, answer);
    return Array.from({ length: 100 }, (_, index) => cache.get("r", `${index}`)).filter((held) => held !== undefined).length;
  };
  // A thousand numbers, in objects of their own.
  assert.ok(heldOf100(answerOf(...Array.from({ length: 1_000 }, (_, index) => scored(index)))) <= 6);
  // 8,000 bytes each, besides the objects that hold them.
  const vector = new Float64Array(1_000);
  const text = "x".repeat(4_000);
  const carried: Partial<Extract<RawScore, { outcome: "scored" }>>[] = [
    { objectives: vector },
    { gating: vector },
    { tokenRewards: vector },
    { critique: text },
    { findings: [{ name: "found", text }] },
    { findings: [{ name: text }] },
  ];
  for (const besides of carried) {
    const held = heldOf100(answerOf({ outcome: "scored", value: 1, ...besides }));
    assert.ok(held >= 10 && held <= 12, `${held} answers with ${Object.keys(besides)} in 100,000 bytes`);
  }
});

test("a million inserts under a limit of 64 MB keep the process within 100 MB", () => {
  collectGarbage();
  const before = process.memoryUsage();
  const cache = createScoreCache({ maxBytes: 64e6, maxEntries: 1e7 });
  for (let index = 0; index < 1_000_000; index++) {
    const key = createHash("sha256").update(`${index}`).digest("binary");
    cache.set("r", key, answerOf({ outcome: "scored", value: index, objectives: new Float64Array(8), gating: new Float64Array(8) }));
  }
  collectGarbage();
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(grown < 100e6, `${Math.round(grown / 1e6)} MB`);
  assert.notEqual(cache.get("r", createHash("sha256").update("999999").digest("binary")), undefined);
});

test("a limit of zero bytes turns the cache off", () => {
  const cache = createScoreCache({ maxBytes: 0, maxEntries: 100 });
  cache.set("r", "d", answerOf(scored(1)));
  assert.equal(cache.get("r", "d"), undefined);
});
