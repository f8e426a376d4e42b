import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hiddenIn, spelledInTags, tokenTurns } from "../../../src/evaluation/probes/disguises.ts";

describe("disguises", () => {
  it("spell ASCII in tag characters, one for one, and leave out the rest", () => {
    assert.deepEqual(
      Array.from(spelledInTags("Hi é!"), (character) => String.fromCodePoint(character.codePointAt(0)! - 0xe0000)),
      ["H", "i", " ", "!"],
    );
  });

  it("hide a text as bits behind the first word", () => {
    const hidden = hiddenIn("good bread", "Ω");
    assert.match(hidden, /^good[\u200b\u200c]{16} bread$/);
    const bits = hidden.match(/[\u200b\u200c]/g)!.map((mark) => (mark === "\u200b" ? "0" : "1"));
    assert.equal(parseInt(bits.join(""), 2), Buffer.from("Ω").readUInt16BE());
    assert.equal(hiddenIn("", ""), "");
  });

  it("write both turns in every form", () => {
    for (const turns of tokenTurns("thanks", "welcome")) assert.match(turns, /thanks[\s\S]*welcome$/);
  });
});
