import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReadAnswer } from "../../../src/judges/critique/read-answer.ts";
import { scoreAnswers } from "../../../src/judges/critique/score-answers.ts";

const ASPECTS = [
  { name: "a", weight: 1 },
  { name: "b", weight: 3 },
];
const read = (value: number): ReadAnswer => ({ status: "read", value, critique: `${value}`, thoughts: [] });
const UNREADABLE: ReadAnswer = { status: "unreadable", why: "it was cut off" };
const ABSTAINED: ReadAnswer = { status: "abstained" };

test("a sample counts with all of its aspects or not at all", () => {
  const score = scoreAnswers([read(1), read(0), read(1), UNREADABLE, read(0), read(1)], ASPECTS, 2);
  assert.ok(score.outcome === "scored");
  assert.equal(score.value, 0.5);
  assert.deepEqual(
    score.findings!.map(({ name, value }) => [name, value]),
    [
      ["a", 0.5],
      ["b", 0.5],
    ],
  );
});

test("a judge that only abstained abstains; one that could not be read fails, and says why", () => {
  assert.equal(scoreAnswers([read(1), ABSTAINED], ASPECTS, 1).outcome, "abstained");
  assert.throws(() => scoreAnswers([ABSTAINED, UNREADABLE], ASPECTS, 1), { reason: "JUDGE_OUTPUT_UNREADABLE", message: /it was cut off/ });
  assert.throws(() => scoreAnswers([read(1), UNREADABLE, UNREADABLE], [], 2), { message: /in 2 of 3 samples/ });
});
