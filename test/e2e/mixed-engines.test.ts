import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Gateway, openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Message } from "../../src/domain/item.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { type ChatServer, completion, startChatServer } from "../support/chat-server.ts";
import { CHATML, CHATML_TEMPLATE, type LogprobsServer, startLogprobsServer } from "../support/logprobs-server.ts";
import { startVllmServer, type VllmServer } from "../support/vllm-server.ts";

/** One panel over a model in the gateway's own processes, two of vLLM's servers and llama.cpp's, each played as its own shapes say. */
const folder = temporaryFolder();
const BUNDLE = fileURLToPath(new URL("../../models/chat-reward", import.meta.url));
const RIGHT = "It is Paris.";
const WRONG = "I do not know, and I do not care.";
const NAMES = ["helpful", "reward", "reference", "critic"];
let [vllm, policy, llama]: [VllmServer?, LogprobsServer?, ChatServer?] = [];
let gateway: Gateway;
before(async () => {
  vllm = await startVllmServer();
  policy = await startLogprobsServer();
  llama = await startChatServer(({ body }) => {
    const p = body.messages.some(({ content }) => content.includes(RIGHT)) ? 0.9 : 0.2;
    const top_logprobs = [
      { token: "yes", logprob: Math.log(p) },
      { token: "no", logprob: Math.log(1 - p) },
    ];
    const before = '{"critique": "Read.", "verdict": "';
    const token = (text: string) => ({ token: text, logprob: 0, top_logprobs: [] });
    const content = [token(before), { ...top_logprobs[0]!, top_logprobs }, token('"}')];
    return { json: completion(`${before}yes"}`, { logprobs: { content } }) };
  });
  folder.write("tokenizer.json", CHATML);
  folder.write("chatml.jinja", CHATML_TEMPLATE);
  const file = folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1
backends:
  local: { type: onnx, executors: 1 }
  rm: { type: vllm, url: "${vllm.url}", model: rm, gives: scores }
  policy: { type: logprobs, engine: vllm, url: "${policy.url}", model: policy, tokenizer: { file: tokenizer.json } }
  llama: { type: openai, url: "${llama.url}", model: smollm2, structuredOutput: jsonSchema, healthIntervalSeconds: 0.1, maxAttempts: 1 }
judges:
  helpful: { bundle: "${BUNDLE}", backend: local }
  reward: { kind: scalar, backend: rm, template: { file: chatml.jinja } }
  reference: { kind: likelihood, backend: policy, template: { file: chatml.jinja }, lead: "\\nAnswer: ", end: <|im_end|>, reading: mean }
  critic: { kind: critique, backend: llama, rubric: { text: It is right. }, reading: { type: yes } }
panels:
  mixed:
    members:
      - { judge: helpful, weight: 0.4, calibration: none, transforms: [{ method: rank }] }
      - { judge: reward, weight: 0.3, calibration: none, transforms: [{ method: rank }] }
      - { judge: reference, weight: 0.2, calibration: none, transforms: [{ method: rank }] }
      - { judge: critic, weight: 0.1, calibration: none, transforms: [{ method: rank }], onFailure: degrade }
`,
  );
  gateway = await openGateway(await loadConfig({ file, variables: {} }), { log: createLogger({ level: "silent" }) });
});
after(async () => {
  await gateway?.close(0);
  for (const server of [vllm, policy, llama]) await server?.close();
  folder.remove();
});

async function score(prompt: string, ...candidates: string[]) {
  const messages: Message[] = [{ role: "user", content: prompt }];
  const item = { id: "i", prompt: messages, reference: "Paris", candidates: candidates.map((content) => ({ content })) };
  const context = { requestId: "test", transport: "cli", signal: new AbortController().signal } as const;
  const { results } = await gateway.service.score({ panel: "mixed", items: [item], options: DEFAULT_OPTIONS }, context);
  return results[0]!.candidates;
}
test("one answer holds what a model in the gateway, vLLM and llama.cpp say of each candidate, and the reward is their sum", async () => {
  const candidates = await score("Capital of France?", RIGHT, WRONG);
  for (const { status, reward, judges } of candidates) {
    assert.equal(status, "complete");
    assert.deepEqual(
      judges.map(({ judge, outcome }) => [judge, outcome]),
      NAMES.map((name) => [name, "scored"]),
    );
    assert.ok(Math.abs(reward! - judges.reduce((sum, { contribution }) => sum + contribution!, 0)) < 1e-9);
  }
  const raws = candidates.map(({ judges }) => judges.map(({ raw }) => raw!));
  assert.ok(raws[0]![0]! > raws[1]![0]!, "the model that ships prefers the answer");
  for (const [index, text] of [RIGHT, WRONG].entries()) {
    const asked = `<|im_start|>user\nCapital of France?<|im_end|>\n<|im_start|>assistant\n${text}<|im_end|>\n`;
    assert.equal(raws[index]![1], Math.fround(vllm!.score(asked)));
  }
  assert.ok(raws.every((row) => row[2]! < 0) && raws[0]![2] !== raws[1]![2]);
  assert.deepEqual(
    raws.map((row) => Math.round(row[3]! * 1e6) / 1e6),
    [0.9, 0.2],
  );
});

test("without llama.cpp the others count and the answer says so, and without vLLM there is no reward and no number", async () => {
  await llama!.close();
  const degraded = await score("And of Italy?", RIGHT, WRONG);
  for (const { status, reward, judges } of degraded) {
    assert.deepEqual([status, judges[3]!.outcome, judges[3]!.raw], ["degraded", "failed", undefined]);
    assert.equal(judges[3]!.failure!.reason, "BACKEND_UNAVAILABLE");
    assert.ok(Math.abs(reward! - judges.slice(0, 3).reduce((sum, { contribution }) => sum + contribution!, 0)) < 1e-9);
  }
  await vllm!.close();
  for (const { status, reward, judges } of await score("And of Spain?", RIGHT, WRONG)) {
    assert.deepEqual([status, reward, judges[1]!.outcome, judges[0]!.outcome], ["failed", undefined, "failed", "scored"]);
  }
});
