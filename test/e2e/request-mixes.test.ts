import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { GatewayError } from "../../src/domain/errors.ts";
import type { CandidateResult, ScoreResult } from "../../src/domain/score.ts";
import { ScoreResponse } from "../../src/gen/rewardgate/v1/reward_service.ts";
import { scoreResponseToProto } from "../../src/transport/grpc/to-proto.ts";
import { ScoreResponseJson } from "../../src/transport/http/response-schema.ts";
import { scoreResponseToJson } from "../../src/transport/http/to-json.ts";
import { contextOf, itemOf, requestOf } from "../support/scripted.ts";
import { engineOf } from "../support/scripted-engine.ts";

/** Most candidates of one request. */
const LARGEST = 4096;
/** A request of at most this many candidates is also written on both wires and read back. */
const WRITTEN = 256;

/** Sizes as they come: half of the requests have up to 64 candidates, and every power of two is as likely as the next. */
const size = fc.integer({ min: 0, max: 120 }).map((tenths) => Math.round(2 ** (tenths / 10)));

/** The candidates of one request by items: hits, misses, doubles, and in three of ten one that fails in some way. */
function drawMix({ size, seed }: { size: number; seed: number }): string[][] {
  const generator = xoroshiro128plus(seed);
  const random = () => (generator.next() >>> 0) / 2 ** 32;
  const groups: string[][] = [];
  for (let left = size; left > 0; left -= groups.at(-1)!.length) {
    const length = 1 + Math.floor(random() ** 2 * left);
    groups.push(Array.from({ length }, () => `${kindOf(random())}#${Math.floor(random() * 20_000)}`));
  }
  return groups;
}

function kindOf(draw: number): string {
  if (draw < 0.7) return "good";
  if (draw < 0.83) return "nan";
  return draw < 0.98 ? "long" : "bad";
}

const numberOf = (text: string) => Number(text.split("#")[1]);

/** Holds one candidate's answer to its text: its own number, or a failure without any. */
function assertAnswers(answer: CandidateResult, text: string): void {
  if (text.startsWith("good")) {
    assert.deepEqual([answer.status, answer.reward], ["complete", numberOf(text)]);
    return;
  }
  assert.equal(answer.status, "failed");
  for (const key of ["reward", "raw", "calibrated", "transformed", "contribution"]) {
    assert.equal(key in answer, false);
    assert.equal(key in answer.judges[0]!, false);
  }
}

/** Writes an answer on both wires, reads it as a client does, and holds its numbers to the texts. */
function assertWritten(result: ScoreResult, groups: readonly string[][]): void {
  const json = ScoreResponseJson.parse(JSON.parse(JSON.stringify(scoreResponseToJson(result))));
  const proto = ScoreResponse.decode(ScoreResponse.encode(scoreResponseToProto(result)).finish());
  for (const [index, texts] of groups.entries()) {
    const expected = texts.map((text) => (text.startsWith("good") ? numberOf(text) : undefined));
    for (const { candidates } of [json.results[index]!, proto.results[index]!]) {
      assert.deepEqual(
        candidates.map(({ reward }) => reward),
        expected,
      );
      assert.deepEqual(
        candidates.map(({ judges }) => judges[0]!.raw),
        expected,
      );
    }
    assert.ok(json.results[index]!.candidates.every(({ status, reward }) => status === (reward === undefined ? "failed" : "complete")));
  }
}

test("every candidate is answered once and in its place, over 1,000 random requests of 1 to 4,096 candidates, and a failed one has no number on either wire", async () => {
  const { backend, score } = engineOf({
    limits: { maxBatchTokens: 4096, maxPaddingRatio: 0.5, parallelism: 2, concurrency: 4 },
    score: (text) => (text.startsWith("nan") ? Number.NaN : numberOf(text)),
    beforePrepare: (text) => (text.startsWith("long") ? new GatewayError("ITEM_TOO_LONG", "too long") : undefined),
    beforeRun: (texts) => {
      if (texts.some((text) => text.startsWith("bad"))) throw new GatewayError("BACKEND_REFUSED", "refused");
    },
  });
  const wanted = new Set<string>();
  const seen = { largest: 0, candidates: 0, failed: 0, written: 0 };
  await fc.assert(
    fc.asyncProperty(fc.record({ size, seed: fc.integer() }), async (drawn) => {
      const groups = drawMix(drawn);
      const result = await score(requestOf(groups.map((texts, index) => itemOf(`item ${index}`, texts))), contextOf());
      assert.deepEqual(
        result.results.map(({ id, candidates }) => [id, candidates.length]),
        groups.map((texts, index) => [`item ${index}`, texts.length]),
      );
      for (const [index, texts] of groups.entries()) {
        for (const [position, text] of texts.entries()) {
          assertAnswers(result.results[index]!.candidates[position]!, text);
          if (text.startsWith("good")) wanted.add(text);
          else seen.failed++;
        }
      }
      seen.candidates += drawn.size;
      seen.largest = Math.max(seen.largest, drawn.size);
      if (drawn.size > WRITTEN) return;
      assertWritten(result, groups);
      seen.written += drawn.size;
    }),
    { numRuns: 1_000 },
  );
  assert.ok(seen.largest > LARGEST / 2 && seen.largest <= LARGEST, `largest request ${seen.largest}`);
  assert.ok(seen.written > 10_000, `${seen.written} candidates were written`);
  assert.ok(seen.failed > seen.candidates / 5);
  // What was scored once is in the cache; a batch with a bad call in it is run again in parts, and nothing else is.
  assert.deepEqual(new Set(backend.ran.filter((text) => text.startsWith("good"))), wanted);
});

test("a call for each distinct text and no other, over 300 random requests of which many run at once and some callers leave", async () => {
  const { backend, score } = engineOf({
    limits: { maxBatchTokens: 2048, maxPaddingRatio: 0.5, parallelism: 2, concurrency: 4 },
    score: numberOf,
    beforeRun: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const draws = fc.sample(fc.record({ size: fc.integer({ min: 1, max: 200 }), seed: fc.integer(), leaves: fc.nat(9) }), 300);
  const wanted = new Set<string>();
  const asked = draws.map(async ({ size, seed, leaves }, index) => {
    for (let turn = 0; turn < index % 30; turn++) await new Promise((resolve) => setImmediate(resolve));
    const caller = new AbortController();
    // The texts of callers that may leave are their own, so that it does not matter to the count whether they ran.
    const texts = drawMix({ size, seed }).map((group) =>
      group.map((text) => (leaves === 0 ? `gone ${index}#${numberOf(text)}` : `kept#${numberOf(text)}`)),
    );
    const answer = score(requestOf(texts.map((group, place) => itemOf(`${place}`, group))), contextOf(caller.signal));
    if (leaves === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      caller.abort();
      const outcome = await answer.catch((error: GatewayError) => error.reason);
      assert.ok(outcome === "CALLER_GONE" || typeof outcome === "object");
      return;
    }
    for (const text of texts.flat()) wanted.add(text);
    const { results } = await answer;
    assert.deepEqual(
      results.map(({ candidates }) => candidates.map(({ reward }) => reward)),
      texts.map((group) => group.map(numberOf)),
    );
  });
  await Promise.all(asked);
  const ran = backend.ran.filter((text) => text.startsWith("kept"));
  assert.deepEqual([...ran].sort(), [...wanted].sort());
});
