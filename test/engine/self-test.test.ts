import assert from "node:assert/strict";
import { test } from "node:test";
import { selfTest } from "../../src/engine/self-test.ts";
import { itemOf, scriptedBackend, scriptedJudge, settle } from "../support/scripted.ts";

const texts = ["a", "bb", "ccc", "dddd", "eeeee"];
const rows = texts.map((text) => ({ id: text, item: itemOf(text, [text]), scores: [{ value: text.length }] }));
const tested = { judge: scriptedJudge({}), rows, tolerance: 1e-6 };
const options = { compositions: 3 };

test("a judge that reproduces its golden scores alone and in company passes", async () => {
  const reports = await selfTest(scriptedBackend(), [tested], options);
  assert.deepEqual(reports, [{ judge: "judge", rows: 5, tokenRows: 0, goldenMaxAbsError: 0, compositionMaxAbsError: 0 }]);
});

test("one golden score off by more than the tolerance refuses the judge, with the row and the difference", async () => {
  const backend = scriptedBackend({ score: (text) => (text === "ccc" ? 3.001 : text.length) });
  await assert.rejects(selfTest(backend, [tested], options), { reason: "CONFIG_INVALID", message: /row "ccc" is off by 0\.00/ });
});

test("tokens that the makers recorded must be those that the backend reads, and the report counts them", async () => {
  const backend = scriptedBackend();
  const prepare = backend.prepare.bind(backend);
  backend.prepare = async (calls) =>
    (await prepare(calls)).map((call) =>
      call instanceof Error ? call : { ...call, ids: Int32Array.from({ length: call.tokens }, (_, at) => 7 + at) },
    );
  const withIds = (ids: readonly number[]) => ({ ...tested, rows: rows.map((row) => (row.id === "ccc" ? { ...row, ids } : row)) });
  const [report] = await selfTest(backend, [withIds([7, 8, 9])], options);
  assert.equal(report!.tokenRows, 1);
  for (const [ids, at] of [
    [[7, 7, 9], 1],
    [[6, 7, 8, 9], 0],
    [[7, 8], 2],
  ] as const) {
    const expected = { reason: "CONFIG_INVALID", message: new RegExp(`row "ccc" differs from token ${at} on`) };
    await assert.rejects(selfTest(backend, [withIds(ids)], options), expected);
  }
  const [other] = await selfTest(scriptedBackend(), [withIds([1])], options);
  assert.equal(other!.tokenRows, 0, "a backend that does not tell its tokens is not tested on them");
});

test("golden rows run one after the other with the backend to themselves, as a lone caller's do", async () => {
  let running = 0;
  const told: boolean[] = [];
  const backend = scriptedBackend({
    async beforeRun(batch, context) {
      running++;
      await settle();
      if (context !== undefined) told.push(context.alone && batch.length === 1 && running === 1);
      running--;
    },
  });
  await selfTest(backend, [tested], options);
  assert.deepEqual(
    told,
    texts.map(() => true),
  );
});

test("a golden score that is NaN refuses the judge", async () => {
  const backend = scriptedBackend({ score: () => Number.NaN });
  await assert.rejects(selfTest(backend, [tested], options), { reason: "CONFIG_INVALID" });
});

test("a judge whose score moves among batch-mates beyond its class is refused with the measured difference", async () => {
  let together = 1;
  const backend = scriptedBackend({
    beforeRun: (batch) => {
      together = batch.length;
    },
    score: (text) => text.length + (together > 1 ? 0.25 : 0),
  });
  await assert.rejects(selfTest(backend, [tested], options), { reason: "CONFIG_INVALID", message: /moved by 0\.25 among batch-mates/ });
  const tolerant = { ...scriptedJudge({}), determinism: { class: "tolerance", bound: 0.5 } as const };
  const [report] = await selfTest(backend, [{ ...tested, judge: tolerant }], options);
  assert.equal(report!.compositionMaxAbsError, 0.25);
});

test("every composition covers every call within the backend's limits, and two judges that ask the same share the answers", async () => {
  const backend = scriptedBackend({ limits: { maxBatchCalls: 3, maxBatchTokens: 8 } });
  const other = scriptedJudge({ name: "other", decode: (value) => ({ outcome: "scored", value: 10 * value }) });
  const otherRows = rows.map((row) => ({ ...row, scores: row.scores.map(({ value }) => ({ value: value * 10 })) }));
  await selfTest(backend, [tested, { ...tested, judge: other, rows: otherRows }], options);
  assert.deepEqual(backend.ran.toSorted(), [...texts, ...texts, ...texts, ...texts].sort());
  for (const batch of backend.batches) {
    assert.ok(batch.length <= 3);
    assert.ok(batch.length === 1 || batch.length * Math.max(...batch.map((text) => text.length)) <= 8);
  }
  assert.ok(backend.batches.some((batch) => batch.length > 1));
});

test("a judge that reads the group must reproduce the score of every candidate of a row", async () => {
  const judge = scriptedJudge({});
  const row = (scores: number[]) => ({
    id: "group",
    item: itemOf("group", ["a", "bb", "ccc"]),
    scores: scores.map((value) => ({ value })),
  });
  const [report] = await selfTest(scriptedBackend(), [{ judge, rows: [row([1, 2, 3])], tolerance: 1e-6 }], options);
  assert.deepEqual(report, { judge: "judge", rows: 1, tokenRows: 0, goldenMaxAbsError: 0, compositionMaxAbsError: 0 });
  for (const wrong of [
    [1, 2, 3.5],
    [1, 2],
  ]) {
    await assert.rejects(selfTest(scriptedBackend(), [{ judge, rows: [row(wrong)], tolerance: 1e-6 }], options), {
      reason: "CONFIG_INVALID",
    });
  }
});
