import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { openWires } from "../../support/wires.ts";

const templated = (text: string) => `<|im_start|>user\nSay hello.<|im_end|>\n<|im_start|>assistant\n${text}<|im_end|>\n`;

test("two texts in a list are one pair, and lists in a list are a batch", async (t) => {
  const { send, seen } = await openWires(t);
  assert.deepEqual((await send("/predict", { inputs: ["Say hello.", "Hello!"], raw_scores: true })).body, [{ score: 6, label: "reward" }]);
  assert.deepEqual((await send("/predict", { inputs: templated("Hello!") })).body, [{ score: 6, label: "reward" }]);
  assert.deepEqual((await send("/predict", { inputs: [["p", "bb"], [templated("Hey")]] })).body, [
    [{ score: 2, label: "reward" }],
    [{ score: 3, label: "reward" }],
  ]);
  assert.deepEqual((await send("/predict", { inputs: [] })).body, []);
  assert.deepEqual(
    seen.map(({ items }) => items.map(({ prompt }) => prompt[0]!.content)),
    [["Say hello."], ["Say hello."], ["p", "Say hello."]],
  );
});

test("one text in a list is that text, and not a batch", async (t) => {
  const { send } = await openWires(t);
  assert.deepEqual(await send("/predict", { inputs: [templated("Hello!")] }), {
    status: 200,
    retryAfter: null,
    body: [{ score: 6, label: "reward" }],
  });
  const bare = await send("/predict", { inputs: ["no template"] });
  assert.match(bare.body.error, /^inputs: holds no turn of the assistant/);
});

test("errors have the form that its clients read", async (t) => {
  const { send } = await openWires(t, "error", () => {
    throw new GatewayError("QUEUE_FULL", "full");
  });
  const busy = await send("/predict", { inputs: ["p", "x"] });
  assert.deepEqual([busy.status, busy.retryAfter, busy.body], [503, "1", { error: "full", error_type: "Overloaded" }]);
  const bare = await send("/predict", { inputs: "no template" });
  assert.deepEqual([bare.status, bare.body.error_type], [400, "Validation"]);
  const failing = await openWires(t);
  const failed = await failing.send("/predict", { inputs: ["p", "fail"] });
  assert.deepEqual([failed.status, failed.body.error_type], [500, "Backend"]);
});

test("/info says which panel answers and how much it takes", async (t) => {
  const { get } = await openWires(t);
  const { status, body } = await get("/info");
  assert.equal(status, 200);
  assert.deepEqual([body.model_id, body.model_sha, body.max_client_batch_size, body.version], ["chat", "sha256:bb", 512, "9.9.9"]);
  assert.deepEqual(body.model_type, { classifier: { id2label: { 0: "reward" }, label2id: { reward: 0 } } });
});
