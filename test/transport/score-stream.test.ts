import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { openScoreStream, type StreamAnswer } from "../../src/transport/score-stream.ts";
import { heldService, resultOf, scriptedService } from "../support/scripted-service.ts";

const message = (id: string) => ({
  id,
  request: {
    panel: "chat",
    items: [{ id, prompt: [{ role: "user" as const, content: "p" }], candidates: [{ content: "c" }] }],
    options: DEFAULT_OPTIONS,
  },
});

function open(overrides: Partial<Parameters<typeof openScoreStream>[0]> = {}) {
  const answers: StreamAnswer[] = [];
  const events: string[] = [];
  const stream = openScoreStream({
    service: scriptedService(),
    context: { requestId: "r", transport: "grpc", signal: new AbortController().signal },
    maxInFlight: 2,
    write: async (answer) => void answers.push(answer),
    onRoom: () => events.push("room"),
    onIdle: () => events.push("idle"),
    ...overrides,
  });
  return { stream, answers, events };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a message counts as under way until its answer is handed to the wire", async () => {
  let accept = () => {};
  const { stream, events } = open({
    write: () =>
      new Promise((resolve) => {
        accept = resolve;
      }),
  });
  stream.push(message("a"));
  assert.deepEqual([stream.running, stream.full], [1, false]);
  stream.push({ id: "b", error: new GatewayError("REQUEST_INVALID", "bad") });
  assert.equal(stream.full, true);
  await turn();
  assert.equal(stream.running, 2);
  accept();
  await turn();
  assert.deepEqual([stream.running, stream.full, stream.taken], [1, false, 2]);
  assert.deepEqual(events, ["room"]);
});

test("an id that is still under way is refused, and may come again afterwards", async () => {
  const { service, release } = heldService();
  const { stream, answers } = open({ maxInFlight: 9, service });
  stream.push(message("a"));
  stream.push(message("a"));
  await turn();
  assert.equal(answers.length, 1);
  assert.ok(answers[0] && "error" in answers[0] && answers[0].error.reason === "REQUEST_INVALID");
  release();
  await turn();
  stream.push(message("a"));
  await turn();
  assert.deepEqual(
    answers.map((answer) => "result" in answer),
    [false, true, true],
  );
});

test("whatever the service throws is the answer of that message alone", async () => {
  const { stream, answers, events } = open({
    service: scriptedService((request) => {
      if (request.items[0]?.id === "bad") throw new TypeError("oops");
      return resultOf(request);
    }),
  });
  stream.push(message("bad"));
  stream.push(message("good"));
  await turn();
  assert.deepEqual(answers.map((answer) => ("error" in answer ? answer.error.reason : "scored")).sort(), ["INTERNAL", "scored"]);
  assert.equal(events.at(-1), "idle");
});

test("after an abort nothing is written", async () => {
  const aborter = new AbortController();
  const { stream, answers } = open({ context: { requestId: "r", transport: "grpc", signal: aborter.signal } });
  stream.push(message("a"));
  aborter.abort();
  await turn();
  assert.deepEqual([answers.length, stream.running], [0, 0]);
});
