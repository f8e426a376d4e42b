import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { roll } from "../../../src/transport/wires/roll.ts";
import type { WireCaller } from "../../../src/transport/wires/wire.ts";
import { resultOf } from "../../support/scripted-service.ts";
import { openWires } from "../../support/wires.ts";

const task = (response: string, more: object = {}) => ({
  priority: 1,
  project_id: "p",
  data_id: "d",
  rollout_id: "r",
  prompt: "<|im_start|>user\nSay hello.<|im_end|>\n<|im_start|>assistant\n",
  response,
  reward_info: { ground_truth: "Hi" },
  reward_manager: {},
  timeout: 20,
  ...more,
});

type Wires = Awaited<ReturnType<typeof openWires>>;

async function fetched({ get }: Wires, id: string) {
  for (;;) {
    const { status, body } = await get("/roll:result", { reward_request_id: id });
    assert.equal(status, 200);
    if (body.errcode !== 1) return body;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a task is accepted at once and its reward fetched, with each member's part, as often as one asks", async (t) => {
  const wires = await openWires(t);
  const { status, body } = await wires.send("/roll", task("Hello!<|im_end|>"));
  assert.deepEqual([status, body.errcode], [200, 0]);
  for (let i = 0; i < 2; i++) {
    const { start_time, end_time, ...result } = await fetched(wires, body.reward_request_id);
    assert.deepEqual(result, { errcode: 0, errmsg: "", reward_score: 6, dimention_reward_score: { length: { reward_score: 6 } } });
    assert.ok(Date.parse(start_time) <= Date.parse(end_time));
  }
  const [item] = wires.seen[0]!.items;
  assert.deepEqual([item!.candidates[0]!.content, item!.reference], ["Hello!", "Hi"]);
});

test("a prompt that the client decoded without special tokens is judged as the messages that it is of", async (t) => {
  const wires = await openWires(t);
  const { body } = await wires.send("/roll", task("Hello!", { prompt: "system\nBe kind.\nuser\nSay hello.\nassistant\n" }));
  assert.equal((await fetched(wires, body.reward_request_id)).reward_score, 6);
  assert.deepEqual(wires.seen[0]!.items[0]!.prompt, [
    { role: "system", content: "Be kind." },
    { role: "user", content: "Say hello." },
  ]);
});

test("a failure that passes is tried again while the client reads running, and no zero comes out of it", async (t) => {
  let calls = 0;
  const wires = await openWires(t, "error", (request) => {
    calls++;
    if (calls < 3) throw new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs: 5 } });
    return resultOf(request);
  });
  const { body } = await wires.send("/roll", task("Hello!"));
  assert.equal((await fetched(wires, body.reward_request_id)).reward_score, 6);
  assert.equal(calls, 3);
});

test("a failure that stays is an error with its reason and without a score, and so is one that outlasts its time", async (t) => {
  const wires = await openWires(t);
  const { body } = await wires.send("/roll", task("fail"));
  const failed = await fetched(wires, body.reward_request_id);
  assert.deepEqual([failed.errcode, "reward_score" in failed], [2, false]);
  assert.match(failed.errmsg, /^SCORE_NOT_FINITE/);
  const busy = await openWires(t, "error", () => {
    throw new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs: 10 } });
  });
  const late = await busy.send("/roll", task("x", { timeout: 0.05 }));
  assert.match((await fetched(busy, late.body.reward_request_id)).errmsg, /^QUEUE_FULL/);
});

test("a task for which the client gives hours is taken, since of one that is refused it makes a 0", async (t) => {
  const wires = await openWires(t);
  const { status, body } = await wires.send("/roll", task("Hello!", { timeout: 86_400 }));
  assert.equal(status, 200);
  assert.equal((await fetched(wires, body.reward_request_id)).reward_score, 6);
});

test("a task that is not known is an error, and a submission that says nothing to judge is refused", async (t) => {
  const { get, send } = await openWires(t);
  assert.equal((await get("/roll:result", { reward_request_id: "none" })).body.errcode, 3);
  assert.equal((await send("/roll", { prompt: "p" })).status, 400);
});

test("a task that is over makes room for another: a minute after its answer was fetched, or when its time is up", async (t) => {
  const start = performance.now();
  let passed = 0;
  t.mock.method(performance, "now", () => start + passed);
  const [submit, fetch] = roll.routes("/roll", { version: "", panel: "", revision: "", maxItems: 1, maxCandidates: 1, maxTokens: 0 });
  const judged = async () => [[{ reward: 6, failed: false, tokens: 1, components: {} }]];
  const caller: WireCaller = { score: judged, scorePatiently: judged, scoreApart: judged };
  const submitted = async () => {
    const { reward_request_id } = (await submit!.answer(task("Hello!"), caller)) as { reward_request_id: string };
    return reward_request_id;
  };
  /** What is kept looks at the time once in a millisecond. */
  const timePasses = (ms: number) => new Promise((resolve) => setTimeout(resolve, 5)).then(() => (passed = ms));
  const ids: string[] = [];
  for (let i = 0; i < 100_000; i++) ids.push(await submitted());
  const full = (error: unknown) => error instanceof GatewayError && error.reason === "QUEUE_FULL";
  await assert.rejects(submitted(), full);
  for (const id of ids.slice(0, 10)) await fetch!.answer({ reward_request_id: id }, caller);
  await timePasses(61_000);
  for (let i = 0; i < 10; i++) await submitted();
  await assert.rejects(submitted(), full);
  await timePasses(200_000);
  await submitted();
});
