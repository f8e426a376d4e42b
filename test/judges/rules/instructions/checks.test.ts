import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { INSTRUCTIONS } from "../../../../src/judges/rules/instructions/checks.ts";
import { followed, readInstructions } from "../../../../src/judges/rules/instructions/follow.ts";
import { loadLanguages } from "../../../../src/judges/rules/languages.ts";

/** Texts that follow an instruction and texts that do not, decided by hand. */
interface Case {
  readonly id: keyof typeof INSTRUCTIONS;
  readonly args: object;
  readonly follow: readonly string[];
  readonly doNot: readonly string[];
}
const CASES: readonly Case[] = parse(readFileSync(new URL("cases.yaml", import.meta.url), "utf8"));

const tools = await loadLanguages();
const verdict = (id: string, kwargs: object, text: string) =>
  followed(text, readInstructions(JSON.stringify({ instruction_id_list: [id], kwargs: [kwargs] }))!, false, tools)[0];

describe("INSTRUCTIONS", () => {
  for (const { id, args, follow, doNot } of CASES) {
    it(`${id} ${JSON.stringify(args)} tells texts that follow it from those that do not`, () => {
      for (const text of follow) assert.equal(verdict(id, args, text), true, JSON.stringify(text));
      for (const text of doNot) assert.equal(verdict(id, args, text), false, JSON.stringify(text));
    });
  }

  it("has the 25 ids of IFEval, each with two texts above that follow it, two that do not, and every relation", () => {
    const ids = Object.keys(INSTRUCTIONS).sort();
    assert.equal(ids.length, 25);
    assert.deepEqual([...new Set(CASES.map(({ id }) => id))].sort(), ids);
    for (const id of ids) {
      const cases = CASES.filter((given) => given.id === id);
      assert.ok(cases.flatMap(({ follow }) => follow).length >= 2 && cases.flatMap(({ doNot }) => doNot).length >= 2, id);
      const relations = new Set(
        cases.flatMap(({ args }) => Object.entries(args).flatMap(([key, value]) => (/relation$/.test(key) ? [value] : []))),
      );
      assert.ok([0, 2].includes(relations.size), `${id} needs "at least" and "less than"`);
    }
  });

  it("takes a phrase for itself and not for a pattern", () => {
    assert.equal(verdict("keywords:existence", { keywords: ["a.c", "(x"] }, "abc (x"), false);
    assert.equal(verdict("keywords:forbidden_words", { forbidden_words: [".*"] }, "anything"), true);
  });

  it("does not guess a language that it cannot tell", () =>
    assert.equal(verdict("language:response_language", { language: "sw" }, "Leo hali ya hewa ni nzuri."), undefined));
});
