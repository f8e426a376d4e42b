import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallResult, ChatCall } from "../../../src/domain/backend.ts";
import { chatsOf, createDrawing } from "../../../src/judges/generative/drawing.ts";

const PARAMS = { topP: 1, maxTokens: 64, seed: 3 };
const ADAPTIVE = { ...PARAMS, samples: { min: 2, max: 4, standardError: 0.1 } };
const said: CallResult = { outputs: {}, completion: { text: "a", cut: false, tokens: [] }, tokens: 1 };
const call = { type: "chat", messages: [], alternatives: 0 } as unknown as ChatCall;
const ask = { candidates: [0], calls: [call, call] };

test("a number of samples is drawn at once, and there is nothing to say of it", () => {
  const drawing = createDrawing({ ...PARAMS, samples: 3 });
  assert.deepEqual([drawing.first, drawing.samplings.length, drawing.maxFollowUps], [3, 3, 1]);
  assert.equal(
    drawing.next(ask, [said], [0], 1, () => assert.fail("no further sample is wanted")),
    undefined,
  );
  assert.deepEqual([drawing.isOpen([0, 1, 0]), drawing.findings(3, [0, 1, 0])], [false, []]);
});

test("as many as it takes begin with the least, and each further one and its repeat are asks of their own", () => {
  const drawing = createDrawing(ADAPTIVE);
  assert.deepEqual([drawing.first, drawing.maxFollowUps], [2, 5]);
  assert.deepEqual(
    drawing.samplings.map(({ seed, temperature }) => [seed, temperature]),
    [3, 4, 5, 6].map((seed) => [seed, 0.7]),
  );
});

test("the next sample has the numbers behind those so far, as many as its questions, until the votes say enough", () => {
  const drawing = createDrawing(ADAPTIVE);
  const asked: (readonly number[])[] = [];
  const callsFor = (questions: readonly number[]) => {
    asked.push(questions);
    return questions.map(() => call);
  };
  const next = drawing.next({ candidates: [0], calls: Array(6).fill(call) }, Array(6).fill(said), [0.5, 0.6], 3, callsFor);
  assert.deepEqual(asked, [[6, 7, 8]]);
  assert.equal(chatsOf(next!), 9);
  assert.equal(drawing.next(ask, [said], [0.5, 0.5, 0.5], 1, callsFor), undefined);
});

test("the scale of a vote decides how many that agree are enough", () => {
  const agree = [1, 1, 1];
  assert.equal(createDrawing(ADAPTIVE).isOpen(agree), false);
  assert.equal(createDrawing(ADAPTIVE, 2).isOpen(agree), true);
});

test("findings say how many were drawn and read, the chats, the error and why no more", () => {
  const named = (votes: readonly (number | null)[]) =>
    createDrawing(ADAPTIVE)
      .findings(5, votes)
      .map(({ name, value, text }) => [name, value ?? text]);
  assert.deepEqual(
    named([0, null, 1, 0.5]).filter(([name]) => name !== "standard error"),
    [
      ["samples drawn", 4],
      ["samples read", 3],
      ["chats asked", 5],
      ["stopped", "max_samples"],
    ],
  );
  assert.deepEqual(named([null, null, null, null]), [
    ["samples drawn", 4],
    ["samples read", 0],
    ["chats asked", 5],
    ["stopped", "max_samples"],
  ]);
});
