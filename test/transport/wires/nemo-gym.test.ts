import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import type { ScoreRequest } from "../../../src/domain/score.ts";
import { resultOf } from "../../support/scripted-service.ts";
import { openWires } from "../../support/wires.ts";

const message = (text: string) => ({
  id: "m",
  type: "message",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text, annotations: [] }],
});
const rollout = (output: object[], more: object = {}) => ({
  responses_create_params: { instructions: "Be kind.", input: [{ role: "user", content: [{ type: "input_text", text: "Say hello." }] }] },
  response: { id: "r", object: "response", output, usage: { total_tokens: 9 } },
  ...more,
});

test("the last message is judged, and the answer is the request with a reward, its parts and each part as a number", async (t) => {
  const { send, seen } = await openWires(t);
  const body = rollout([{ type: "reasoning", summary: [] }, message("Hello!")], { expected_answer: "Hi", _ng_task_index: 3 });
  const { status, body: answer } = await send("/verify", body);
  assert.equal(status, 200);
  assert.deepEqual(answer, { ...body, "reward/length": 6, reward: 6, reward_components: { length: 6 } });
  const [item] = seen[0]!.items;
  assert.deepEqual(item!.prompt, [
    { role: "system", content: "Be kind." },
    { role: "user", content: "Say hello." },
  ]);
  assert.deepEqual([item!.candidates[0]!.content, item!.reference], ["Hello!", "Hi"]);
});

test("calls of tools come before what is judged, and a rollout without an answer is judged for having none", async (t) => {
  const { send, seen } = await openWires(t);
  const calls = [
    { type: "function_call", name: "add", arguments: '{"a":1}', call_id: "c" },
    { type: "function_call_output", call_id: "c", output: "2" },
  ];
  await send("/verify", rollout([...calls, message("Two.")]));
  const { body } = await send("/verify", { ...rollout(calls), responses_create_params: { input: "Add." } });
  const shown = seen.map(({ items: [item] }) => [
    item!.prompt.map(({ role, content }) => `${role}: ${content}`),
    item!.candidates[0]!.content,
  ]);
  const turns = ['assistant: add({"a":1})', "tool: 2"];
  assert.deepEqual(shown, [
    [["system: Be kind.", "user: Say hello.", ...turns], "Two."],
    [["user: Add.", ...turns], ""],
  ]);
  assert.equal(body.reward, 0);
  assert.ok(!("_ng_failure_class" in body));
});

const shown = (parts: object[]) => ({
  ...rollout([message("A cat.")]),
  responses_create_params: { input: [{ role: "user", content: parts }] },
});
const QUESTION = { type: "input_text", text: "What is it?" };

test("images of the input are shown to judges, or the panel is told that a judge does not take them", async (t) => {
  const { send, seen } = await openWires(t);
  const image = { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "auto" };
  await send("/verify", shown([image, QUESTION, { type: "image_url", image_url: { url: "https://example.org/b.png" } }]));
  assert.deepEqual(seen[0]!.items[0]!.prompt, [
    {
      role: "user",
      content: [
        { type: "image", url: "data:image/png;base64,AA==" },
        { type: "text", text: "What is it?" },
        { type: "image", url: "https://example.org/b.png" },
      ],
    },
  ]);
});

test("what no judge can be shown is refused by its place, and nothing is judged by the text beside it", async (t) => {
  const { send, seen } = await openWires(t);
  for (const part of [
    { type: "input_image", file_id: "f" },
    { type: "input_image" },
    { type: "input_file", file_id: "f" },
    { type: "input_audio" },
  ]) {
    const { status, body } = await send("/verify", shown([QUESTION, part]));
    assert.deepEqual([status, body.error.details.field], [400, "responses_create_params.input[0].content[1]"]);
    assert.match(body.error.message, /image_url/);
  }
  assert.equal(seen.length, 0);
});

test("a refusal, which the Responses API keeps apart from text, is what the policy said", async (t) => {
  const { send, seen } = await openWires(t);
  const refusal = { ...message(""), content: [{ type: "refusal", refusal: "I cannot." }] };
  const { body } = await send("/verify", rollout([refusal]));
  assert.equal(seen[0]!.items[0]!.candidates[0]!.content, "I cannot.");
  assert.equal(body.reward, 9);
});

test("a judgement that failed is a failure of its class and no reward; one that cannot succeed is terminal", async (t) => {
  const { send } = await openWires(t);
  const { status, body } = await send("/verify", rollout([message("fail")]));
  assert.deepEqual([status, body.reward, body._ng_failure_class, body._ng_failure_terminal], [200, 0, "judge_failed", true]);
  assert.match(body._ng_failure_judge_error, /^SCORE_NOT_FINITE: /);
  const masked = [body.mask_sample, body.failure_kind, body.failure_reason, body.instance_config];
  assert.deepEqual(masked, [true, "judge_failed", body._ng_failure_judge_error, { mask_sample: true }]);
  const kept = await send("/verify", rollout([message("fail")], { instance_config: { seed: 3 } }));
  assert.deepEqual(kept.body.instance_config, { seed: 3, mask_sample: true });
  assert.ok(!("reward_components" in body));
  const busy = await openWires(t, "error", () => {
    throw new GatewayError("QUEUE_FULL", "full");
  });
  const later = await busy.send("/verify", rollout([message("x")]));
  assert.deepEqual([later.status, later.body._ng_failure_class, later.body._ng_failure_terminal], [200, "judge_failed", undefined]);
  const wrong = await busy.send("/verify", { response: { output: [] } });
  assert.deepEqual([wrong.status, wrong.body.error.reason], [400, "REQUEST_INVALID"]);
});

test("a failure that passes is tried again while the call has time, so that no sample is masked for it", async (t) => {
  let calls = 0;
  const busy = async (request: ScoreRequest) => {
    calls++;
    if (calls === 1) throw new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs: 5 } });
    if (calls === 2) throw new GatewayError("BACKEND_UNAVAILABLE", "restarts", { details: { retryAfterMs: 5 } });
    return resultOf(request);
  };
  const { send } = await openWires(t, "error", busy, 600_000);
  const { body } = await send("/verify", rollout([message("Hello!")]));
  assert.deepEqual([body.reward, body.mask_sample, calls], [6, undefined, 3]);
});

test("a failure that outlasts the time that the caller gives is told by then, and a gateway that stops is not tried again", async (t) => {
  const full = () => {
    throw new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs: 10 } });
  };
  const { call } = await openWires(t, "error", full, 600_000);
  const late = await call("/verify", rollout([message("x")]), { "x-request-timeout-ms": "50" });
  assert.match(((await late.json()) as { failure_reason: string }).failure_reason, /^QUEUE_FULL/);
  let calls = 0;
  const stopping = () => {
    calls++;
    throw new GatewayError("SHUTTING_DOWN", "stops", { details: { retryAfterMs: 5 } });
  };
  const { send } = await openWires(t, "error", stopping, 600_000);
  const { body } = await send("/verify", rollout([message("x")]));
  assert.match(body.failure_reason, /^SHUTTING_DOWN/);
  assert.equal(calls, 1);
});

test("a session starts, rewards do not depend on it, and rollouts come back as metrics", async (t) => {
  const { send, get } = await openWires(t);
  assert.deepEqual(await send("/seed_session", {}), { status: 200, retryAfter: null, body: {} });
  const session = { resources_session_id: "s-1", episode_id: {}, task_id: "t", task_data: {} };
  for (const path of ["/seed_session", "/close_session"])
    assert.deepEqual((await send(path, session)).body, { resources_session_id: "s-1" });
  assert.deepEqual(await get("/reverify_mode"), { status: 200, body: "stateless" });
  const { body } = await send("/aggregate_metrics", {
    verify_responses: [
      { _ng_task_index: 0, reward: 1 },
      { _ng_task_index: 0, reward: 3, mask_sample: false },
      { _ng_task_index: 0, reward: 0, mask_sample: true },
    ],
  });
  assert.equal(body.key_metrics["mean/reward"], 2);
  assert.equal(body.group_level_metrics[0].num_rollouts, 2);
});

test("a session comes with the cookie that environment servers ask for, and paths may carry the rollout", async (t) => {
  const { call, send } = await openWires(t);
  const seeded = await call("/seed_session", { resources_session_id: "s-1" });
  assert.match(seeded.headers.get("set-cookie")!, /^rewardgate=/);
  const { status, body } = await send("/ng-rollout/3-1-a2/verify", rollout([message("Hello!")]));
  assert.deepEqual([status, body.reward], [200, 6]);
  assert.equal((await send("/ng-rollout/3-1/seed_session", {})).status, 200);
});
