import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChecklistItem } from "../../../src/judges/checklist/params.ts";
import type { ItemAnswer } from "../../../src/judges/checklist/read-part.ts";
import { scoreParts } from "../../../src/judges/checklist/score-parts.ts";

const ITEMS: readonly ChecklistItem[] = [
  { name: "booked", text: "", weight: 3, dependsOn: ["searched"] },
  { name: "searched", text: "", weight: 1 },
];
const answers = (...passed: (boolean | null)[]): ItemAnswer[] => passed.map((one) => ({ passed: one, text: one ? "quote" : "" }));
const turn = { scope: "turn" as const, delay: 1 };

test("in a turn an item counts only where what it depends on passed too, wherever it stands in the list", () => {
  assert.equal(scoreParts(ITEMS, ["turn 1"], [answers(true, true)], turn).score, 1);
  const skipped = scoreParts(ITEMS, ["turn 1"], [answers(true, false)], turn);
  assert.deepEqual(skipped, {
    score: 0,
    coverage: 1,
    findings: [
      { name: "booked", value: 0, text: "skipped: it depends on searched" },
      { name: "searched", value: 0 },
    ],
  });
});

test("an item that is not believed is left out with what depends on it, and the coverage says so", () => {
  assert.deepEqual(
    [scoreParts(ITEMS, ["t"], [answers(null, true)], turn), scoreParts(ITEMS, ["t"], [answers(true, null)], turn)].map(
      ({ score, coverage }) => [score, coverage],
    ),
    [
      [1, 0.25],
      [null, 0],
    ],
  );
});

test("a trajectory is the mean of its turns, one without an item that must pass is worth 0, and findings name their turn", () => {
  const items = [
    { ...ITEMS[0]!, dependsOn: [] },
    { ...ITEMS[1]!, hard: true },
  ];
  const { score, findings } = scoreParts(items, ["turn 1", "turn 2"], [answers(true, false), answers(false, true)], {
    scope: "trajectory",
    delay: 1,
  });
  assert.equal(score, 0.125);
  assert.deepEqual(
    findings.map(({ name }) => name),
    ["turn 1: booked", "turn 1: searched", "turn 2: booked", "turn 2: searched"],
  );
});

test("step by step an item is credited after what it depends on, at an earlier step, and loses by delay", () => {
  const names = ["step 1", "step 2", "step 3", "step 4"];
  const steps = [answers(true, false), answers(true, true), answers(false, false), answers(true, false)];
  const { score, findings } = scoreParts(ITEMS, names, steps, { scope: "step", delay: 0.5 });
  // searched at step 2, one step late; booked at step 4, one step after it could have been.
  assert.equal(score, 0.5);
  assert.deepEqual(findings[0], { name: "booked", value: 0.5 });
  assert.deepEqual(
    findings.map(({ name }) => name),
    ["booked", "step 1: booked", "step 2: booked", "step 4: booked", "searched", "step 2: searched"],
  );
  assert.equal(scoreParts(ITEMS, ["step 1"], [answers(true, true)], { scope: "step", delay: 1 }).score, 0.25);
  const must = [ITEMS[0]!, { ...ITEMS[1]!, hard: true }];
  assert.equal(scoreParts(must, ["step 1"], [answers(true, false)], { scope: "step", delay: 1 }).score, 0);
  assert.equal(scoreParts(must, ["step 1"], [answers(true, null)], { scope: "step", delay: 1 }).score, null);
});

test("step by step, an item that must pass and never does makes all worth 0, and one without an answer leaves no score", () => {
  const items = [
    { ...ITEMS[0]!, dependsOn: [] },
    { ...ITEMS[1]!, hard: true },
  ];
  const scoreOf = (...passed: (boolean | null)[]) => scoreParts(items, ["step 1"], [answers(...passed)], { scope: "step", delay: 1 }).score;
  assert.deepEqual([scoreOf(true, true), scoreOf(true, false), scoreOf(true, null)], [1, 0, null]);
});

test("a trajectory is covered no better than its worst turn", () => {
  const { score, coverage } = scoreParts(ITEMS, ["turn 1", "turn 2"], [answers(true, true), answers(null, true)], {
    scope: "trajectory",
    delay: 1,
  });
  assert.deepEqual([score, coverage], [1, 0.25]);
});
