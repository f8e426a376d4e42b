import assert from "node:assert/strict";
import { test } from "node:test";
import type { Candidate, Item } from "../../../src/domain/item.ts";
import { type ChecklistConfig, checklistSchema } from "../../../src/judges/checklist/params.ts";
import { partsOf } from "../../../src/judges/checklist/parts.ts";

const CONVERSATION: Item["prompt"] = [
  { role: "system", content: "S" },
  { role: "user", content: "Q1" },
  { role: "assistant", content: "A1" },
  { role: "user", content: "Q2" },
  { role: "user", content: "please" },
  { role: "assistant", content: "call" },
  { role: "tool", content: "result" },
];

function partsFor(candidate: Candidate, keys: Record<string, unknown>, prompt = CONVERSATION) {
  const config: ChecklistConfig = checklistSchema.parse({ kind: "checklist", backend: "llm", checklist: "request", ...keys });
  return partsOf({ id: "i", prompt, candidates: [candidate] }, 0, config).map(({ name, before, judged }) => [
    name,
    before.map(({ text }) => text).join(" "),
    judged.map(({ text }) => text).join(" "),
  ]);
}

test("a turn reaches from a question to the next, with the tools' answers, after the questions; the last ends with the candidate", () => {
  assert.deepEqual(partsFor({ content: "A2" }, { scope: "trajectory" }), [
    ["turn 1", "S Q1", "A1"],
    ["turn 2", "S Q1 A1 Q2 please", "call result A2"],
  ]);
  assert.deepEqual(partsFor({ content: "A2" }, { scope: "turn" }), [["turn 2", "S Q1 A1 Q2 please", "call result A2"]]);
  assert.deepEqual(partsFor({ content: "A" }, { scope: "turn" }, [{ role: "system", content: "S" }]), [["turn 1", "S", "A"]]);
});

test("a step is a message of the assistant with the tools' answers to it, or a step of the candidate where it is split", () => {
  assert.deepEqual(partsFor({ content: "B1\n\nB2" }, { scope: "step" }), [
    ["step 1", "S Q1", "A1"],
    ["step 2", "S Q1 A1 Q2 please", "call result"],
    ["step 3", "S Q1 A1 Q2 please call result", "B1\n\nB2"],
  ]);
  const split = partsFor({ content: "B1\n\nB2" }, { scope: "step", steps: { by: "marker", marker: "\n\n" } });
  assert.deepEqual(split.slice(2), [
    ["step 3", "S Q1 A1 Q2 please call result", "B1"],
    ["step 4", "S Q1 A1 Q2 please call result B1", "B2"],
  ]);
  const told: Candidate = { content: "B1B2", offsets: { unit: "utf16", stepEnds: [2, 4], tokenEnds: [] } };
  assert.deepEqual(
    partsFor(told, { scope: "step" }).map(([, , judged]) => judged),
    ["A1", "call result", "B1", "B2"],
  );
  assert.equal(partsFor({ content: " " }, { scope: "step", steps: { by: "lines" } }).length, 3);
});

test("more parts than the judge goes through are refused and not cut", () => {
  assert.throws(() => partsFor({ content: "A2" }, { scope: "step", maxParts: 2 }), { reason: "ITEM_TOO_LONG" });
  assert.throws(() => partsFor({ content: "1\n2\n3" }, { scope: "step", maxParts: 2, steps: { by: "lines" } }, []), {
    reason: "ITEM_TOO_LONG",
  });
  assert.equal(partsFor({ content: "A2" }, { scope: "turn", maxParts: 1 }).length, 1);
});
