import assert from "node:assert/strict";
import { test } from "node:test";
import type { Call, ChatCall, ExternalCall, ForwardCall, Segment } from "../../src/domain/backend.ts";
import type { Message } from "../../src/domain/item.ts";
import { digestAsk, digestCall, digestPrompt } from "../../src/engine/digest.ts";

function callOf(...segments: [Segment["origin"], string][]): ForwardCall {
  return { type: "forward", overlong: "error", segments: segments.map(([origin, text]) => ({ origin, text })) };
}

test("equal calls have equal digests and every difference shows", () => {
  const base = digestCall(callOf(["prompt", "ab"], ["candidate", "c"]));
  assert.equal(digestCall(callOf(["prompt", "ab"], ["candidate", "c"])), base);
  const others: Call[] = [
    callOf(["prompt", "a"], ["candidate", "bc"]),
    callOf(["candidate", "ab"], ["candidate", "c"]),
    callOf(["prompt", "ab|candidate1:c"]),
    callOf(["control", "ab"], ["candidate", "c"]),
    { ...callOf(["prompt", "ab"], ["candidate", "c"]), overlong: "truncate" },
    { ...callOf(["prompt", "ab"], ["candidate", "c"]), type: "likelihood", scoredFrom: 1 },
    { ...callOf(["prompt", "ab"], ["candidate", "c"]), type: "likelihood", scoredFrom: 2 },
    { type: "tool", tool: "ab", input: "c" },
    { type: "tool", tool: "a", input: "bc" },
    { type: "tool", tool: "ab|c", input: "" },
  ];
  assert.equal(new Set([base, ...others.map(digestCall)]).size, others.length + 1);
});

test("no two of all small calls have one digest, whatever their texts borrow from the form that is hashed", () => {
  const texts = ["", "a", "aa", ":", "1:a", "|prompt1:a", "error"];
  const segments = texts.flatMap((text) => (["control", "prompt", "candidate"] as const).map((origin): Segment => ({ text, origin })));
  const pairs = segments.flatMap((first) => segments.map((second) => [first, second]));
  const lists = [[], ...segments.map((one) => [one]), ...pairs, ...pairs.flatMap((two) => segments.map((third) => [...two, third]))];
  const digests = new Set<string>();
  for (const list of lists) {
    digests.add(digestCall({ type: "forward", overlong: "error", segments: list }));
    digests.add(digestCall({ type: "forward", overlong: "truncate", segments: list }));
    digests.add(digestCall({ type: "likelihood", scoredFrom: 1, segments: list }));
  }
  assert.equal(digests.size, 3 * (1 + 21 + 21 ** 2 + 21 ** 3));
});

test("a million calls have a million digests", () => {
  const digests = new Set<string>();
  for (let index = 0; index < 1_000_000; index++) digests.add(digestCall(callOf(["prompt", "p"], ["candidate", `${index}`])));
  assert.equal(digests.size, 1_000_000);
});

test("what an ask reads besides its calls is part of its digest", () => {
  const calls = [callOf(["prompt", "ab"])];
  const asks = [
    { calls },
    { calls, reads: "" },
    { calls, reads: "a" },
    { calls: [...calls, ...calls] },
    { calls: [...calls, ...calls], reads: "a" },
  ];
  assert.equal(new Set(asks.map((ask) => digestAsk({ candidates: [0], ...ask }))).size, asks.length);
  assert.equal(digestAsk({ candidates: [1], calls, reads: "a" }), digestAsk({ candidates: [0], calls, reads: "a" }));
});

test("equal chats have equal digests; roles, borders of messages, sampling, schema and alternatives all count", () => {
  const chat = (changes: Partial<ChatCall> = {}): ChatCall => ({
    type: "chat",
    messages: [{ role: "user", segments: callOf(["control", "judge"], ["candidate", "c"]).segments }],
    sampling: { temperature: 0, topP: 1, maxTokens: 64, seed: 1 },
    alternatives: 0,
    ...changes,
  });
  const { messages, sampling } = chat();
  const [control, candidate] = messages[0]!.segments;
  assert.equal(digestCall(chat()), digestCall(chat()));
  const all: Call[] = [
    chat(),
    chat({ messages: [{ role: "system", segments: messages[0]!.segments }] }),
    chat({
      messages: [
        { role: "user", segments: [control!] },
        { role: "user", segments: [candidate!] },
      ],
    }),
    chat({ messages: [{ role: "user", segments: [{ text: "judge|candidate1:c", origin: "control" }] }] }),
    chat({ sampling: { ...sampling, temperature: 1 } }),
    chat({ sampling: { ...sampling, topP: 0.5 } }),
    chat({ sampling: { ...sampling, maxTokens: 65 } }),
    chat({ sampling: { ...sampling, seed: 2 } }),
    chat({ schema: "{}" }),
    chat({ alternatives: 5 }),
    callOf(["control", "judge"], ["candidate", "c"]),
  ];
  assert.equal(new Set(all.map(digestCall)).size, all.length);
});

test("an external call differs by everything that its service is told, and not by the order of labels", () => {
  const call = (changes: Partial<ExternalCall> = {}): ExternalCall => ({
    type: "external",
    judge: "j",
    prompt: [{ role: "user", content: "p" }],
    candidates: ["a", "b"],
    metadata: { k: "1", l: "2" },
    ...changes,
  });
  const all = [
    call(),
    call({ judge: "k" }),
    call({ prompt: [{ role: "system", content: "p" }] }),
    call({ candidates: ["a"] }),
    call({ candidates: ["b", "a"] }),
    call({ candidates: ["a", [{ type: "text", text: "b" }]] }),
    call({ candidates: ["a", [{ type: "image", url: "b" }]] }),
    call({ reference: "r" }),
    call({ domain: "r" }),
    call({ language: "r" }),
    call({ metadata: { k: "1" } }),
    call({ metadata: { k: "2", l: "1" } }),
  ];
  assert.equal(new Set(all.map(digestCall)).size, all.length);
  assert.equal(digestCall(call({ metadata: { l: "2", k: "1" } })), digestCall(call()));
});

test("text is not normalised: composed and decomposed forms differ", () => {
  assert.notEqual(digestCall(callOf(["candidate", "é"])), digestCall(callOf(["candidate", "e\u0301"])));
});

test("an ask of several calls depends on all of them and on their order", () => {
  const [a, b] = [callOf(["candidate", "a"]), callOf(["candidate", "b"])];
  const digests = [[a], [b], [a, b], [b, a], [a, a]].map((calls) => digestAsk({ candidates: [0], calls }));
  assert.equal(new Set(digests).size, digests.length);
});

test("a prompt has one digest whether its text is whole or in parts, and another for every difference", () => {
  const base = digestPrompt([{ role: "user", content: "ab" }]);
  const parts = [{ type: "text", text: "a" } as const, { type: "text", text: "b" } as const];
  assert.equal(digestPrompt([{ role: "user", content: parts }]), base);
  assert.match(base, /^[0-9a-f]{32}$/);
  const image = { type: "image", url: "data:image/png;base64,AA==" } as const;
  const others: readonly Message[][] = [
    [{ role: "system", content: "ab" }],
    [{ role: "user", content: "ab " }],
    [
      { role: "user", content: "a" },
      { role: "user", content: "b" },
    ],
    [{ role: "user", content: [...parts, image] }],
    [{ role: "user", content: "ab|user0:" }],
  ];
  assert.equal(new Set([base, ...others.map(digestPrompt)]).size, others.length + 1);
});
