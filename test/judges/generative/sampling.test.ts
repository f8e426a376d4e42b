import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallResult, Completion } from "../../../src/domain/backend.ts";
import { answersTo, askAgain, askFurther, completionOf, leastValid, samplingsOf } from "../../../src/judges/generative/sampling.ts";

const said = (text: string): CallResult => ({ outputs: {}, completion: { text, cut: false, tokens: [] }, tokens: 1 });
const asks = { candidates: [0], calls: [] };
const read = ({ text }: Completion, index: number) => ({ status: text === "?" ? "unreadable" : "read", value: `${text}${index}` });

test("samples differ by their seed alone; one is drawn at temperature 0 and several at one where they can differ", () => {
  const params = { samples: 2, topP: 1, maxTokens: 64, seed: 5 };
  assert.deepEqual(samplingsOf(params), [
    { temperature: 0.7, topP: 1, maxTokens: 64, seed: 5 },
    { temperature: 0.7, topP: 1, maxTokens: 64, seed: 6 },
  ]);
  assert.deepEqual(samplingsOf({ ...params, samples: 1 })[0]!.temperature, 0);
  assert.deepEqual(samplingsOf({ ...params, temperature: 0 })[1]!.temperature, 0);
});

test("more than half of the samples must be readable unless another number is stated", () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((samples) => leastValid({ samples })),
    [1, 2, 2, 3],
  );
  assert.equal(leastValid({ samples: 4, minValid: 1 }), 1);
});

test("answers to a follow-up stand in for those that could not be read, in order and under their own index", () => {
  const first = [said("?"), said("a"), said("?")];
  const again = askAgain(asks, first, answersTo(asks, first, read), () => []);
  const results = [said("b"), said("?")];
  const answers = answersTo(again!, results, read);
  assert.deepEqual(
    answers.map(({ value }) => value),
    ["b0", "a1", "?2"],
  );
  assert.equal(
    askAgain(again!, results, answers, () => []),
    undefined,
    "nothing is asked for a third time",
  );
});

test("a further ask draws further samples, of which one that cannot be read is asked for once more as well", () => {
  const first = [said("?"), said("a")];
  const again = askAgain(asks, first, answersTo(asks, first, read), () => [])!;
  const next = askFurther(again, [said("b")], [2], []);
  const results = [said("?")];
  const answers = answersTo(next, results, read);
  assert.deepEqual(
    answers.map(({ value }) => value),
    ["b0", "a1", "?2"],
  );
  const asked: (readonly number[])[] = [];
  const last = askAgain(next, results, answers, (unread) => {
    asked.push(unread);
    return [];
  });
  assert.deepEqual(asked, [[2]]);
  assert.deepEqual(
    answersTo(last!, [said("c")], read).map(({ value }) => value),
    ["b0", "a1", "c2"],
  );
});

test("one further ask is about the answers that could not be read, and there is none when all could", () => {
  const results = [said("?"), said("a"), said("?")];
  const call = {
    type: "chat",
    messages: [],
    sampling: samplingsOf({ samples: 1, topP: 1, maxTokens: 8, seed: 1 })[0]!,
    alternatives: 0,
  } as const;
  const asked: (readonly number[])[] = [];
  const callsFor = (unread: readonly number[]) => {
    asked.push(unread);
    return unread.map(() => call);
  };
  const again = askAgain(asks, results, answersTo(asks, results, read), callsFor);
  assert.deepEqual([again!.candidates, again!.calls, again!.earlier], [[0], [call, call], results]);
  assert.equal(askAgain(asks, results.slice(1, 2), answersTo(asks, results.slice(1, 2), read), callsFor), undefined);
  assert.deepEqual(asked, [[0, 2]]);
});

test("a backend that sends no words has no answer", () => {
  assert.throws(() => completionOf({ outputs: {}, tokens: 1 }), { reason: "JUDGE_OUTPUT_UNREADABLE" });
});
