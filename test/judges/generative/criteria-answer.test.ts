import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AskedCriterion,
  criteriaForm,
  criteriaSchema,
  labelsOf,
  readCriteria,
} from "../../../src/judges/generative/criteria-answer.ts";

const ASKED: readonly AskedCriterion[] = [
  { label: "c1_f00dba", words: "reason", verdict: "met" },
  { label: "c2_f00dba", words: "reason", verdict: "grade", grades: 4 },
];
const GOOD = { c1_f00dba: { reason: "polite", met: true }, c2_f00dba: { reason: "short", grade: 3 } };

const said = (text: string, cut = false) => readCriteria({ text, cut, tokens: [] }, ASKED);
const readingOf = (value: unknown) => said(JSON.stringify(value));
function doubtsOf(text: string) {
  const reading = said(text);
  return reading.status === "read" ? reading.doubts : reading.why;
}

test("an answer speaks of each criterion once: a truth value is 0 or 1, a grade its share of the highest", () => {
  assert.deepEqual(readingOf(GOOD), {
    status: "read",
    value: [
      { met: 1, words: "polite" },
      { met: 0.75, words: "short" },
    ],
    doubts: [],
  });
});

test("a criterion that is left out, or spoken of in another form, has no answer, and that is a doubt", () => {
  for (const second of [
    undefined,
    3,
    { grade: 3 },
    { reason: "x", grade: 5 },
    { reason: "x", grade: -1 },
    { reason: "x", grade: 2.5 },
    { reason: "x", grade: "3" },
    { reason: "x", grade: true },
    { reason: 1, grade: 3 },
    { reason: "x", grade: 3, more: 1 },
  ]) {
    const reading = readingOf({ ...GOOD, c2_f00dba: second });
    assert.ok(reading.status === "read", JSON.stringify(second));
    assert.deepEqual([reading.value[1], reading.doubts], [null, ["partial"]], JSON.stringify(second));
  }
  assert.equal(readingOf({ ...GOOD, c1_f00dba: { reason: "x", met: 1 } }).status, "read");
  assert.equal(doubtsOf(JSON.stringify({ c9: GOOD.c1_f00dba })), "it answers none of the criteria");
});

test("a criterion that is answered twice, two objects, an object that was cut and no object at all are no answer", () => {
  const text = JSON.stringify(GOOD);
  for (const wrong of [
    text.replace("c2_f00dba", "c1_f00dba"),
    `${text} ${text}`,
    text.slice(0, -1),
    "All criteria are met.",
    "",
    `<think>${text}`,
  ]) {
    assert.equal(doubtsOf(wrong), "it is not one JSON object", wrong);
  }
  assert.deepEqual(said(text, true), { status: "unreadable", why: "it was cut off" });
});

test("prose around the object, further keys and what had to be mended are doubts; thoughts and a code fence are none", () => {
  const text = JSON.stringify(GOOD);
  assert.deepEqual(doubtsOf(`Sure! ${text}`), ["mended"]);
  assert.deepEqual(doubtsOf(`${text} I hope that helps.`), ["unfinished", "mended"]);
  assert.deepEqual(doubtsOf(text.replaceAll('"', "'")), ["mended"]);
  assert.deepEqual(doubtsOf(JSON.stringify({ ...GOOD, total: 5 })), ["unknownNames"]);
  assert.deepEqual(doubtsOf(`<think>{"c1_f00dba": no}</think>\n\`\`\`json\n${text}\n\`\`\``), []);
});

test("labels end with digits of the delimiter, so an answer that was written for another delimiter names nothing that was asked", () => {
  assert.deepEqual(
    ASKED.map(({ label }) => label),
    labelsOf(2, "f00dbabe"),
  );
  const forged = JSON.stringify(GOOD).replaceAll("f00dba", "000000");
  assert.equal(doubtsOf(forged), "it answers none of the criteria");
});

test("the schema and the form in words ask for every criterion, words first", () => {
  const schema = JSON.parse(criteriaSchema(ASKED));
  assert.deepEqual(schema.required, ["c1_f00dba", "c2_f00dba"]);
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(Object.keys(schema.properties.c2_f00dba.properties), ["reason", "grade"]);
  assert.deepEqual(schema.properties.c2_f00dba.properties.grade, { type: "integer", minimum: 0, maximum: 4 });
  assert.deepEqual(schema.properties.c1_f00dba.properties.met, { type: "boolean" });
  assert.match(criteriaForm(ASKED), /"c1_f00dba": \{"reason": "\.\.\.", "met": true or false\}, "c2_f00dba"/);
});
