import assert from "node:assert/strict";
import { test } from "node:test";
import type { Item } from "../../../src/domain/item.ts";
import { aboutQuoted, quoted, quotedPrompt, untrustedTexts } from "../../../src/judges/generative/quoted-text.ts";

const ITEM: Item = {
  id: "i",
  prompt: [
    { role: "system", content: "be brief" },
    { role: "tool", content: [{ type: "text", text: "42" }] },
  ],
  candidates: [{ content: "bread" }, { content: "water" }],
};

test("the texts that a judge did not write are the prompt's and the candidate's, and no other candidate's", () => {
  assert.deepEqual(untrustedTexts(ITEM, 1), ["be brief", "42", "water"]);
});

test("each text stands alone between two lines with the delimiter, under a title of the judge's", () => {
  const segments = [...quotedPrompt(ITEM.prompt, "f00d"), ...quoted("Response:", "water", "candidate", "f00d")];
  assert.deepEqual(
    segments.filter(({ origin }) => origin !== "control").map(({ text }) => text),
    ["be brief", "42", "water"],
  );
  assert.equal(
    segments.map(({ text }) => text).join(""),
    "Conversation, message of the system:\n[f00d]\nbe brief\n[/f00d]\n\nConversation, message of the tool:\n[f00d]\n42\n[/f00d]\n\n" +
      "Response:\n[f00d]\nwater\n[/f00d]\n\n",
  );
  assert.match(aboutQuoted("f00d"), /\[f00d\] and \[\/f00d\]/);
});
