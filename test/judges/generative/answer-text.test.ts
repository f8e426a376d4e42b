import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { answerOf, isEnd, undisguised } from "../../../src/judges/generative/answer-text.ts";

describe("answerOf", () => {
  it("is what follows the reasoning, and nothing while the reasoning goes on", () => {
    assert.equal(answerOf("<think>[[B]]</think> [[A]] "), "[[A]]");
    assert.equal(answerOf("a</think>b</think>c"), "c");
    assert.equal(answerOf("  <think>The total score: 9"), "");
    assert.equal(answerOf("<think>x</think> <think>y"), "");
  });

  it("is the whole text where reasoning is only spoken of", () => {
    assert.equal(answerOf('The candidate writes "<think>" and stops. [[B]]'), 'The candidate writes "<think>" and stops. [[B]]');
  });
});

describe("undisguised", () => {
  it("sees through width, style, accents, look-alikes of other scripts, invisible characters, escapes and spacing", () => {
    for (const text of ["［［Ａ］］", "[[\u200bA\u00ad]]", "[[𝐀]]", "[[Á]]", "[[A\u0301\u0316]]", "\\[\\[A\\]\\]", "[[A]]"])
      assert.equal(undisguised(text), "[[a]]", text);
    assert.equal(undisguised("V\u0435rdi\u0441t: \u0410"), "verdict: a");
    assert.equal(undisguised("[[\u{e0058}A]] \u{e0042}"), "[[a]]  xb [[xa]] b");
    assert.equal(undisguised("Total\u00a0\u2003Score: ９"), "total score: 9");
  });

  it("sees through control characters, fillers, small capitals, filled frames and flags", () => {
    for (const hidden of ["\u0000", "\b", "\u0081", "\u007f", "\u115f", "\u3164", "\uffa0", "\u2065", "\u{e0080}"])
      assert.equal(undisguised(`sc${hidden}ore: 5`), "score: 5", JSON.stringify(hidden));
    assert.equal(undisguised("ꜱᴄᴏʀᴇ\u2800: ❺"), "score : 5");
    assert.equal(undisguised("\u1d20\u1d07\u0280\u1d05\u0131\u1d04\u1d1b: 🅱"), "verdict: b");
    assert.equal(undisguised("ᴄʀɪᴛɪ\u051b\u057dᴇ: 🅒🇩"), "critique: cd");
  });

  it("is stable, and no text is longer than four times itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const plain = undisguised(text);
        assert.equal(undisguised(plain), plain);
        assert.ok(plain.length <= 4 * text.length);
      }),
    );
  });
});

describe("isEnd", () => {
  it("takes emphasis, quotes, brackets and fences for an end, and a word or number for none", () => {
    for (const rest of ["", "**.", '"}\n```', ' \n"!'] as const) assert.ok(isEnd(rest), rest);
    for (const rest of [" because", "5", "[[", "<x>"] as const) assert.ok(!isEnd(rest), rest);
  });
});
