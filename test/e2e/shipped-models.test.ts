import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { createOnnxBackend, type OnnxBackend } from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type ResolvedJudge, resolve } from "../../src/config/resolve.ts";
import type { CallResult, PreparedCall } from "../../src/domain/backend.ts";
import type { Item, Message } from "../../src/domain/item.ts";

interface GoldenRow {
  id: string;
  prompt: Message[];
  candidate: string;
  reward: number;
  objectives: number[];
  gating: number[];
  tokens: number;
}

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
/** Real rows with the numbers that Python's ONNX Runtime gives them. */
const rows: GoldenRow[] = gunzipSync(readFileSync(path("test/golden/chat-scores.jsonl.gz")))
  .toString()
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const items = rows.map(({ id, prompt, candidate }): Item => ({ id, prompt, candidates: [{ content: candidate }] }));

let backend: OnnxBackend;
let judges: Map<string, ResolvedJudge["judge"]>;
before(async () => {
  const resolved = await resolve(await loadConfig({ file: path("rewardgate.yaml"), variables: {} }), ["chat"]);
  assert.equal(resolved.backends.length, 1, "both judges read one graph");
  const plan = resolved.backends[0]!;
  backend = await createOnnxBackend({ ...plan.onnx, name: plan.name });
  judges = new Map(resolved.judges.map(({ judge }) => [judge.name, judge]));
});
after(() => backend?.close());

async function prepareAll(): Promise<PreparedCall[]> {
  const prepared = await backend.prepare(items.map((item) => judges.get("chat-reward")!.encode(item)[0]!.calls[0]!));
  return prepared.map((one) => {
    if (one instanceof Error) throw one;
    return one;
  });
}

/** Runs batches of row numbers with as many under way as the backend takes; `heed` sees each answer. */
async function runBatches(calls: PreparedCall[], batches: number[][], heed: (row: number, result: CallResult) => void): Promise<void> {
  let next = 0;
  const keepRunning = async () => {
    while (next < batches.length) {
      const batch = batches[next++]!;
      const results = await backend.run(batch.map((row) => calls[row]!));
      for (const [place, row] of batch.entries()) heed(row, results[place]!);
    }
  };
  await Promise.all(Array.from({ length: backend.limits.concurrency }, keepRunning));
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    assert.ok(Number.isFinite(difference));
    largest = Math.max(largest, difference);
  }
  return largest;
}

test("the chat judges ask one forward pass for both of them", () => {
  const [first, second] = [judges.get("chat-reward")!, judges.get("chat-objectives")!];
  assert.equal(first.backend, second.backend);
  assert.equal(first.encode(items[0]!)[0]!.calls[0], second.encode(items[0]!)[0]!.calls[0]);
});

test("the chat judges give Python's scores and token counts on 200 real rows", async () => {
  assert.ok(rows.length >= 200);
  const calls = await prepareAll();
  const byLength = calls.map((_, row) => row).sort((a, b) => calls[a]!.tokens - calls[b]!.tokens);
  const batches: number[][] = [];
  for (let at = 0; at < byLength.length; at += 2) batches.push(byLength.slice(at, at + 2));
  const found: CallResult[] = [];
  await runBatches(calls, batches.reverse(), (row, result) => {
    found[row] = result;
  });
  for (const [n, row] of rows.entries()) {
    const result = found[n]!;
    assert.equal(result.tokens, row.tokens, row.id);
    for (const [name, expected] of [
      ["chat-reward", [row.reward]],
      ["chat-objectives", [...row.objectives, ...row.gating]],
    ] as const) {
      const judge = judges.get(name)!;
      const [score] = judge.decode(judge.encode(items[n]!)[0]!, [result], items[n]!);
      assert.ok(score?.outcome === "scored");
      const numbers = score.objectives ? [...score.objectives, ...score.gating!] : [score.value];
      assert.ok(largestDifference(numbers, expected) <= 1e-5, `${name} on ${row.id}`);
    }
  }
});

test("a score moves by no more than 1e-5 with batch-mates and padding, over 1,000 random batches", async () => {
  const calls = await prepareAll();
  const byLength = calls.map((_, row) => row).sort((a, b) => calls[a]!.tokens - calls[b]!.tokens);
  const [pool, long] = [byLength.slice(0, 12), byLength[40]!];
  const numbersOf = ({ outputs }: CallResult) => [...outputs.reward!, ...outputs.objectives!, ...outputs.gating!];
  const alone = new Map<number, number[]>();
  await runBatches(
    calls,
    pool.map((row) => [row]),
    (row, result) => alone.set(row, numbersOf(result)),
  );

  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  // Every tenth batch holds a text that pads the others to several times their length.
  const batches = Array.from({ length: 1000 }, (_, n) => {
    const batch = Array.from({ length: 1 + random(6) }, () => pool[random(pool.length)]!);
    return n % 10 === 0 ? [...batch, long] : batch;
  });
  let largest = 0;
  let compared = 0;
  await runBatches(calls, batches, (row, result) => {
    if (row === long) return;
    largest = Math.max(largest, largestDifference(numbersOf(result), alone.get(row)!));
    compared++;
  });
  assert.ok(compared >= 1000);
  assert.ok(largest <= 1e-5, `moved by ${largest}`);
});
