import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { INSTRUCTIONS } from "../../../../src/judges/rules/instructions/checks.ts";
import { followed, readInstructions } from "../../../../src/judges/rules/instructions/follow.ts";
import { loadLanguages } from "../../../../src/judges/rules/languages.ts";

type Cases = readonly [id: keyof typeof INSTRUCTIONS, kwargs: object, follow: readonly string[], doNot: readonly string[]];

const ENGLISH = "This is a plain sentence about the weather in spring";
const CASES: readonly Cases[] = [
  ["keywords:existence", { keywords: ["Rome", "river"] }, ["The rivers of rome"], ["The river", ""]],
  ["keywords:frequency", { keyword: "war", frequency: 2, relation: "at least" }, ["War and wars"], ["war"]],
  ["keywords:frequency", { keyword: "war", frequency: 1, relation: "less than" }, ["peace"], ["war"]],
  ["keywords:forbidden_words", { forbidden_words: ["rock"] }, ["rocks roll", "bedrock"], ["Rock!", "a rock."]],
  ["keywords:letter_frequency", { letter: "t", let_frequency: 3, let_relation: "at least" }, ["Tatty"], ["tat"]],
  ["keywords:letter_frequency", { letter: "#", let_frequency: 2, let_relation: "less than" }, ["# a"], ["## a"]],
  ["language:response_language", { language: "de" }, ["Das ist ein Satz über das Wetter im Frühling."], [`${ENGLISH}.`]],
  [
    "length_constraints:number_sentences",
    { num_sentences: 3, relation: "at least" },
    ["One. Two! Three?"],
    ["Dr. Smith met Mr. B. Jones. He left."],
  ],
  [
    "length_constraints:number_sentences",
    { num_sentences: 2, relation: "less than" },
    ["It cost 3.5 dollars, e.g. in May."],
    ["So. It ends."],
  ],
  [
    "length_constraints:number_paragraphs",
    { num_paragraphs: 2 },
    ["a\n***\nb", "***\na\n***\nb"],
    ["a\n\nb", "a\n***\n\n***\nb", "a\n***\nb\n***\nc"],
  ],
  ["length_constraints:number_words", { num_words: 3, relation: "at least" }, ["one two-three"], ["one two"]],
  [
    "length_constraints:nth_paragraph_first_word",
    { num_paragraphs: 2, nth_paragraph: 2, first_word: "weekend" },
    ["Hi.\n\nWeekend, at last", 'Hi.\n\n"weekend"\n\n'],
    ["Weekend\n\nHi", "a\n\nweekend\n\nb", "a\n\nweekends"],
  ],
  ["detectable_content:number_placeholders", { num_placeholders: 2 }, ["[name] of [city]"], ["[name] of city", "[a\nb] [c]"]],
  ["detectable_content:postscript", { postscript_marker: "P.S." }, ["Bye.\n\np. s. more"], ["Bye. PS more"]],
  ["detectable_content:postscript", { postscript_marker: "P.P.S" }, ["Bye.\nP.P.S more"], ["Bye.\nP.S. more"]],
  ["detectable_format:number_bullet_lists", { num_bullets: 2 }, ["* a\n  - b\n**bold**"], ["* a", "- a\n- b\n- c"]],
  ["detectable_format:number_highlighted_sections", { num_highlights: 2 }, ["*one* and **two**"], ["*one* and **", "* one"]],
  [
    "detectable_format:multiple_sections",
    { section_spliter: "SECTION", num_sections: 2 },
    ["SECTION 1\na\nSECTION 2\nb"],
    ["SECTION 1\na", "Section 1 Section 2", "SECTION SECTION"],
  ],
  ["detectable_format:title", {}, ["<<A title>>\ntext"], ["<<>>", "<A title>", "<<a\nb>>"]],
  ["detectable_format:json_format", {}, ['{"a": [1]}', '```json\n{"a": 1}\n```'], ["{a: 1}", "Sure: {}", ""]],
  ["detectable_format:constrained_response", {}, ["Well. My answer is maybe."], ["My answer is no"]],
  ["combination:repeat_prompt", { prompt_to_repeat: "Tell a joke. " }, ["tell a joke. Once …"], ["Sure! Tell a joke."]],
  ["combination:two_responses", {}, ["a ****** b", "******a******b"], ["a ****** a", "a", "a******b******c", "a************b"]],
  ["startend:end_checker", { end_phrase: "Any questions?" }, ["x. any questions?  ", '"x. Any questions?"'], ["Any questions? No."]],
  ["startend:quotation", {}, [' "all of it" '], ['"', '"a" b', "'a'"]],
  ["change_case:english_capital", {}, [`${ENGLISH}.`.toUpperCase()], [ENGLISH, "DAS IST EIN SATZ ÜBER DAS WETTER IM FRÜHLING", "1 2"]],
  ["change_case:english_lowercase", {}, [ENGLISH.toLowerCase()], [ENGLISH, "das ist ein satz über das wetter im frühling"]],
  [
    "change_case:capital_word_frequency",
    { capital_frequency: 2, capital_relation: "at least" },
    ["I AM here", "I'm in U.S.A."],
    ["I am Here", "P.P.S"],
  ],
  ["change_case:capital_word_frequency", { capital_frequency: 1, capital_relation: "less than" }, ["Quiet"], ["LOUD"]],
  ["punctuation:no_comma", {}, ["a; b"], ["a, b"]],
];

const tools = await loadLanguages();
const verdict = (id: string, kwargs: object, text: string) =>
  followed(text, readInstructions(JSON.stringify({ instruction_id_list: [id], kwargs: [kwargs] }))!, false, tools)[0];

describe("INSTRUCTIONS", () => {
  for (const [id, kwargs, follow, doNot] of CASES) {
    it(`${id} ${JSON.stringify(kwargs)} tells texts that follow it from those that do not`, () => {
      for (const text of follow) assert.equal(verdict(id, kwargs, text), true, JSON.stringify(text));
      for (const text of doNot) assert.equal(verdict(id, kwargs, text), false, JSON.stringify(text));
    });
  }

  it("has the 25 ids of IFEval, each with cases above", () => {
    assert.equal(Object.keys(INSTRUCTIONS).length, 25);
    assert.deepEqual([...new Set(CASES.map(([id]) => id))].sort(), Object.keys(INSTRUCTIONS).sort());
  });

  it("takes a phrase for itself and not for a pattern", () => {
    assert.equal(verdict("keywords:existence", { keywords: ["a.c", "(x"] }, "abc (x"), false);
    assert.equal(verdict("keywords:forbidden_words", { forbidden_words: [".*"] }, "anything"), true);
  });

  it("does not guess a language that it cannot tell", () =>
    assert.equal(verdict("language:response_language", { language: "sw" }, ENGLISH), undefined));
});
