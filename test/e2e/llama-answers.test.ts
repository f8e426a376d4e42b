import assert from "node:assert/strict";
import { test } from "node:test";
import { readChat } from "../../src/backends/openai/chat-protocol.ts";
import { critiqueSchema } from "../../src/judges/critique/params.ts";
import { readAnswer } from "../../src/judges/critique/read-answer.ts";
import { llamaCompletion } from "../support/llama-completion.ts";

/** Reads what llama.cpp's server answered as a judge does. */
function read(body: object, reading: object) {
  const config = critiqueSchema.parse({ kind: "critique", backend: "llm", rubric: { text: "Good." }, reading });
  const chat = readChat(JSON.stringify(body));
  assert.ok(chat !== undefined, "the answer is one that a server may give");
  return readAnswer(chat, config, []);
}

test("a fence that the server takes off the content and leaves among the tokens moves no verdict's place", () => {
  const body = llamaCompletion({ critique: "Paris, which is right.", verdict: "yes" }, { yes: { Yes: -0.9, No: -2.4 } });
  const answer = read(body, { type: "yes", minMass: 0 });
  const yes = Math.exp(-0.1) + Math.exp(-0.9);
  assert.ok(answer.status === "read" && Math.abs(answer.value - yes / (yes + Math.exp(-2.4))) < 1e-9);
});

test("a rating is read at the place of its digit, with a fence around the object", () => {
  const body = llamaCompletion({ critique: "It has 3 faults.", score: 4 }, { 4: { 2: -0.1 } });
  const answer = read(body, { type: "rating", minMass: 0 });
  assert.ok(answer.status === "read" && Math.abs(answer.value - 0.5) < 1e-9);
});

test("a verdict that the schema forced while the model meant something else is an abstention", () => {
  const body = llamaCompletion({ critique: "Hm.", verdict: "no" });
  const forced = JSON.parse(JSON.stringify(body).replaceAll(/("token":"no","bytes":\[[^\]]*\],"logprob":)-0\.1/g, "$1-5"));
  assert.deepEqual(read(forced, { type: "yes" }), { status: "abstained" });
});
