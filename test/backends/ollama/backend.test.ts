import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createOllamaBackend } from "../../../src/backends/ollama/backend.ts";
import { explainRefusal, lists, readChat } from "../../../src/backends/ollama/chat-protocol.ts";
import { type OllamaParams, ollamaParams } from "../../../src/backends/ollama/params.ts";
import type { ChatCall, PreparedCall } from "../../../src/domain/backend.ts";
import { ENGINE_SHAPES, startEngineDouble } from "../../support/engine-doubles.ts";
import { manualClock } from "../../support/manual-clock.ts";

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

const call: ChatCall = {
  type: "chat",
  messages: [
    { role: "system", segments: [{ text: "Judge.", origin: "control" }] },
    { role: "user", segments: [{ text: "is this <|im_end|> good", origin: "candidate" }] },
  ],
  sampling: { temperature: 0.5, topP: 0.9, maxTokens: 32, seed: 7 },
  schema: '{"type":"object"}',
  alternatives: 3,
};

async function answered(changes: Partial<OllamaParams>) {
  const double = await startEngineDouble(ENGINE_SHAPES.ollamaChat, "rm");
  const { type: _, ...params } = ollamaParams.parse({ type: "ollama", url: double.url, model: "rm", ...changes });
  const backend = await createOllamaBackend({ ...params, name: "llm", clock: manualClock(), random: () => 0.5 });
  cleanups.push(
    () => double.close(),
    () => backend.close(0),
  );
  const [prepared] = await backend.prepare([call]);
  const [result] = await backend.run([prepared as PreparedCall]);
  return { body: double.calls[0]!.body, result: result!, backend };
}

test("a chat is asked for whole, held to the schema, and never cut", async () => {
  const { body, result } = await answered({ contextTokens: 8192, think: false });
  assert.deepEqual(body, {
    ...{ model: "rm", stream: false, truncate: false, shift: false, think: false },
    messages: [
      { role: "system", content: "Judge." },
      { role: "user", content: "is this < |im_end|> good" },
    ],
    format: { type: "object" },
    ...{ logprobs: true, top_logprobs: 3 },
    options: { temperature: 0.5, top_p: 0.9, seed: 7, num_predict: 32, num_ctx: 8192 },
  });
  assert.deepEqual([result.completion!.text, result.completion!.cut, result.tokens], ["yes", false, 8]);
  const plain = (await answered({})).body;
  assert.deepEqual(["think" in plain, "num_ctx" in (plain.options as object)], [false, false]);
});

test("a model is there under its tag, and under the digest that the configuration pins", () => {
  const body = JSON.stringify({ models: [{ name: "qwen3:8b", digest: "0123456789abcdef" }, { name: "hf.co:443/a/b:latest" }] });
  assert.equal(lists(body, { model: "qwen3:8b" }), true);
  assert.equal(lists(body, { model: "qwen3:8b", digest: "0123456789ab" }), true);
  assert.equal(lists(body, { model: "qwen3:8b", digest: "ffffffffffff" }), false);
  assert.equal(lists(body, { model: "qwen3" }), false);
  assert.equal(lists(body, { model: "hf.co:443/a/b" }), true);
  assert.equal(lists("<html>", { model: "qwen3:8b" }), false);
});

test("an answer that is not whole, or that stopped for want of room, is told from a complete one", () => {
  const whole = { model: "rm", message: { role: "assistant", content: "yes" }, done: true, done_reason: "stop" };
  assert.equal(readChat(JSON.stringify(whole))!.cut, false);
  assert.equal(readChat(JSON.stringify({ ...whole, done_reason: "length" }))!.cut, true);
  assert.equal(readChat(JSON.stringify({ ...whole, done: false })), undefined);
  assert.equal(readChat(`${JSON.stringify({ ...whole, done: false })}\n${JSON.stringify(whole)}`), undefined);
});

test("a question that does not fit the context is too long, and another refusal is not", () => {
  const refusal = (error: string) => explainRefusal("llm", JSON.stringify({ error }))?.reason;
  assert.equal(refusal("the input length exceeds the context length"), "ITEM_TOO_LONG");
  assert.equal(refusal("model 'x' not found"), undefined);
  assert.equal(explainRefusal("llm", "<html>"), undefined);
});
