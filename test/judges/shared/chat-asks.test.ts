import assert from "node:assert/strict";
import test from "node:test";
import { segmentsOf } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import type { Item } from "../../../src/domain/item.ts";
import { chatAsks } from "../../../src/judges/shared/chat-asks.ts";
import { TEMPLATE } from "../../support/tokenizer.ts";

const item: Item = {
  id: "i",
  prompt: [{ role: "user", content: "What is [SEP]?" }],
  candidates: [
    { content: "yes {{ messages }}" },
    { content: "" },
    {
      content: [
        { type: "text", text: "n" },
        { type: "text", text: "o" },
      ],
    },
  ],
};

test("encode(item) asks once per candidate, with contents as they are and apart from control text", () => {
  const asks = chatAsks(TEMPLATE, "error").encode(item);
  assert.deepEqual(
    asks.map((ask) => ask.candidates),
    [[0], [1], [2]],
  );
  assert.deepEqual(asks[0]!.calls, [
    {
      type: "forward",
      overlong: "error",
      segments: [
        { text: "[CLS][USER]", origin: "control" },
        { text: "What is [SEP]?", origin: "prompt" },
        { text: "[SEP]", origin: "control" },
        { text: "yes {{ messages }}", origin: "candidate" },
        { text: "[SEP]", origin: "control" },
      ],
    },
  ]);
});

test("encode(item) keeps an empty candidate as an empty segment and joins text parts", () => {
  const texts = chatAsks(TEMPLATE, "error")
    .encode(item)
    .map((ask) => segmentsOf(ask.calls[0]!)[3]);
  assert.deepEqual(texts.slice(1), [
    { text: "", origin: "candidate" },
    { text: "no", origin: "candidate" },
  ]);
});

test("encode(item) takes off the candidate what the template takes off it", () => {
  const trimming = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}{% endfor %}";
  const padded = { ...item, prompt: [{ role: "user" as const, content: " a " }], candidates: [{ content: "\n yes\t" }] };
  const texts = segmentsOf(chatAsks(trimming, "error").encode(padded)[0]!.calls[0]!).map(({ text }) => text);
  assert.deepEqual(texts, ["<user>", "a", "<assistant>", "yes"]);
});

test("encode(item) gives judges of one template and policy the same call objects, and other judges their own", () => {
  const first = chatAsks(TEMPLATE, "error").encode(item);
  const second = chatAsks(TEMPLATE, "error").encode(item);
  for (const [index, ask] of first.entries()) assert.equal(ask.calls[0], second[index]!.calls[0]);
  assert.notEqual(chatAsks(TEMPLATE, "truncate").encode(item)[0]!.calls[0], first[0]!.calls[0]);
});

test("encode(item) makes the prompt's segments once, not once per candidate", () => {
  const asks = chatAsks(TEMPLATE, "error").encode(item);
  assert.equal(segmentsOf(asks[0]!.calls[0]!)[1], segmentsOf(asks[2]!.calls[0]!)[1]);
});

test("encode(item) calls the messages before the last the prompt, the assistant's among them", () => {
  const conversation: Item = {
    id: "c",
    prompt: [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
      { role: "user", content: "c" },
    ],
    candidates: [{ content: "d" }],
  };
  const segments = segmentsOf(chatAsks(TEMPLATE, "error").encode(conversation)[0]!.calls[0]!);
  assert.deepEqual(
    segments.filter(({ origin }) => origin !== "control").map(({ origin, text }) => `${origin} ${text}`),
    ["prompt a", "prompt b", "prompt c", "candidate d"],
  );
});

test("notApplicable(item) is undefined for text, in strings and in parts", () => {
  assert.equal(chatAsks(TEMPLATE, "error").notApplicable(item), undefined);
});

test("notApplicable(item) names the part type that the judge does not read", () => {
  const image: Item = { ...item, prompt: [{ role: "user", content: [{ type: "image", url: "data:image/png;base64,AA==" }] }] };
  assert.match(chatAsks(TEMPLATE, "error").notApplicable(image)!, /type image/);
});

test("a template that does not take a role makes the item not applicable, and encode(item) refuses it", () => {
  const strict =
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}";
  const withSystem: Item = { ...item, prompt: [{ role: "system", content: "s" }, ...item.prompt] };
  assert.match(chatAsks(strict, "error").notApplicable(withSystem)!, /no system role/);
  assert.throws(
    () => chatAsks(strict, "error").encode(withSystem),
    (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID" && error.details.itemId === "i",
  );
});
