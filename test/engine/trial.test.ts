import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createOpenAiBackend } from "../../src/backends/openai/backend.ts";
import { openAiParams } from "../../src/backends/openai/params.ts";
import type { OpenBackend } from "../../src/domain/backend.ts";
import { followWithTrial, tryJudge } from "../../src/engine/trial.ts";
import { createCritiqueJudge, critiqueSchema } from "../../src/judges/critique.ts";
import { labelsIn, openChatGateway } from "../support/chat-gateway.ts";
import type { ChatScript } from "../support/chat-server.ts";
import { startChatServer } from "../support/chat-server.ts";
import { manualClock } from "../support/manual-clock.ts";
import { settle } from "../support/scripted.ts";

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

const only = (backend: OpenBackend) => new Map([[backend.name, backend]]);

const GOOD = JSON.stringify({ critique: "right", score: 9 });

async function open(script: ChatScript, judgeKeys: Record<string, unknown> = {}) {
  const server = await startChatServer(script);
  const { type: _, ...params } = openAiParams.parse({ type: "openai", url: server.url, model: "m" });
  const clock = manualClock();
  const backend = await createOpenAiBackend({ ...params, name: "llm", clock });
  const config = critiqueSchema.parse({ kind: "critique", backend: "llm", rubric: { text: "r" }, ...judgeKeys });
  const judge = createCritiqueJudge({ name: "critic", revision: "r", rubric: "r", fence: () => "f00d" }, config);
  cleanups.push(
    () => server.close(),
    () => backend.close(0),
  );
  return { server, backend, clock, judge };
}

test("a judge passes when its answer can be read, whatever it says, if need be at the second question", async () => {
  let asked = 0;
  const { judge, backend, server } = await open(() => (++asked === 1 ? "nine!" : GOOD));
  assert.equal(await tryJudge(judge, only(backend)), undefined);
  assert.equal(server.chats.length, 2);
});

test("a server that refuses the schema, lists no log-probabilities or breaks the form is told apart before anything is scored", async () => {
  const refuses = await open(() => ({ status: 400, json: { error: { message: "response_format" } } }));
  assert.equal((await tryJudge(refuses.judge, only(refuses.backend)))!.reason, "BACKEND_REFUSED");
  const bare = await open(() => JSON.stringify({ critique: "right", verdict: "yes" }), { reading: { type: "yes" } });
  assert.match((await tryJudge(bare.judge, only(bare.backend)))!.message, /log-probabilities/);
  const babbles = await open(() => "Nine.");
  assert.equal((await tryJudge(babbles.judge, only(babbles.backend)))!.reason, "JUDGE_OUTPUT_UNREADABLE");
});

test("a judge is ready after its trial, which is made again every minute until it passes, and never after it was stopped", async () => {
  let answer = "Nine.";
  const { judge, backend, server, clock } = await open(() => answer);
  const trialClock = manualClock();
  const shown: [boolean, string | undefined][] = [];
  let failures = 0;
  const stop = followWithTrial(judge, {
    backends: only(backend),
    clock: trialClock,
    show: (ready, why) => shown.push([ready, why]),
    onFailure: () => void failures++,
  });
  while (failures === 0) await settle(1);
  assert.deepEqual(shown[0], [false, "its trial question is under way"]);
  assert.match(shown[1]![1]!, /its trial question failed: JUDGE_OUTPUT_UNREADABLE/);
  answer = GOOD;
  trialClock.advance(59_999);
  await settle(3);
  assert.equal(server.chats.length, 2);
  trialClock.advance(1);
  while (shown.length < 3) await settle(1);
  assert.deepEqual(shown[2], [true, undefined]);
  stop();
  assert.deepEqual([trialClock.pending, clock.now()], [0, 0]);
});

test("a gateway asks its trial question where the backend says so, and readiness tells what came of it", async () => {
  const script: ChatScript = ({ body }) =>
    JSON.stringify(Object.fromEntries(labelsIn(body).map((label) => [label, { reason: "so", met: true }])));
  const rubric = "{ kind: rubric, backend: llm, rubric: { rules: [{ name: a, text: A }] } }";
  const { gateway, server, close, score } = await openChatGateway(script, rubric, {}, ", trial: true");
  cleanups.push(close);
  const check = () => gateway.readiness.current().checks.find(({ name }) => name === "judge judge")!;
  while (!check().ok) await settle(1);
  assert.equal(server.chats.length, 1);
  assert.match(server.chats[0]!.body.messages[1]!.content, /two plus two/);
  assert.equal((await score({ texts: ["x"] })).candidates[0]!.reward, 1);
});
