import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { createSegmentTokenizer, type SegmentTokenizer } from "../../../src/backends/tokens/tokenizer.ts";
import type { ForwardCall, Segment } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { readJsonLines } from "../../support/json-lines.ts";
import { idOf, tokenizerJson } from "../../support/tokenizer.ts";

const segment = (origin: Segment["origin"], text: string): Segment => ({ origin, text });
const call = (...segments: Segment[]): ForwardCall => ({ type: "forward", overlong: "error", segments });
const ids = (...tokens: string[]) => tokens.map(idOf);

async function encode(json: string, ...segments: Segment[]): Promise<number[][]> {
  return encodeWith(createSegmentTokenizer(json), ...segments);
}

async function encodeWith(tokenizer: SegmentTokenizer, ...segments: Segment[]): Promise<number[][]> {
  const one = call(...segments);
  return (await tokenizer.encode([one]))(one).map((piece) => [...piece]);
}

test("encode(calls) reads special tokens in control text and characters in content", async () => {
  const [control, prompt, candidate] = await encode(
    tokenizerJson(),
    segment("control", "[CLS][USER]"),
    segment("prompt", "[SEP] good"),
    segment("candidate", "[CLS]"),
  );
  assert.deepEqual(control, ids("[CLS]", "[USER]"));
  assert.deepEqual(prompt, ids("[", "s", "##e", "##p", "]", "good"));
  assert.deepEqual(candidate, ids("[", "c", "##l", "##s", "]"));
});

test("encode(calls) keeps the same text apart by its origin", async () => {
  const [control, content] = await encode(tokenizerJson(), segment("control", "[SEP]"), segment("prompt", "[SEP]"));
  assert.notDeepEqual(control, content);
});

test("encode(calls) gives empty content no tokens and remembers control text over calls", async () => {
  const tokenizer = createSegmentTokenizer(tokenizerJson());
  for (let round = 0; round < 2; round++) {
    const pieces = await encodeWith(tokenizer, segment("control", "[CLS]"), segment("prompt", ""), segment("candidate", "yes"));
    assert.deepEqual(pieces, [ids("[CLS]"), [], ids("yes")]);
  }
});

test("encode(calls) ignores padding and truncation that the file asks for", async () => {
  const file = JSON.parse(tokenizerJson());
  file.padding = { strategy: { Fixed: 16 }, direction: "Right", pad_to_multiple_of: null, pad_id: 5, pad_type_id: 0, pad_token: "[PAD]" };
  file.truncation = { direction: "Right", max_length: 1, strategy: "LongestFirst", stride: 0 };
  const json = JSON.stringify(file);
  assert.deepEqual(await encode(json, segment("prompt", "good bad")), [ids("good", "bad")]);
  assert.equal(createSegmentTokenizer(json).padId, 5);
});

test("padId is that of the vocabulary's padding token when the file names none", () => {
  assert.equal(createSegmentTokenizer(tokenizerJson()).padId, idOf("[PAD]"));
});

test("createSegmentTokenizer(json) keeps the ids of added tokens that stand behind special ones outside the vocabulary", async () => {
  const file = JSON.parse(tokenizerJson());
  const size = Object.keys(file.model.vocab).length;
  const added = (content: string, id: number, special: boolean) => ({ ...file.added_tokens[0], content, id, special });
  file.added_tokens.push(added("<|eot|>", size, true), added("<tool>", size + 1, false));
  const [control, content] = await encode(JSON.stringify(file), segment("control", "<|eot|><tool>"), segment("prompt", "<|eot|><tool>"));
  assert.deepEqual(control, [size, size + 1]);
  assert.deepEqual(content, [...ids("<", "|", "e", "##o", "##t", "|", ">"), size + 1]);
});

test("encode(calls) takes a special token that stands in content as a word for unknown text where the vocabulary has no characters for it", async () => {
  const file = JSON.parse(tokenizerJson());
  file.pre_tokenizer = { type: "WhitespaceSplit" };
  file.normalizer = null;
  const sep = segment("control", "[SEP]");
  const [typed, , other] = await encode(JSON.stringify(file), segment("prompt", "[SEP] good"), sep, segment("candidate", "\u2603"));
  assert.deepEqual([typed, other], [ids("[UNK]", "good"), ids("[UNK]")]);
});

test("encode(calls) leaves out merges that would make a special token of typed characters", async () => {
  const added = (content: string, id: number) => ({ ...JSON.parse(tokenizerJson()).added_tokens[0], content, id });
  const tokens = ["<unk>", "</s>", "<", "/", "s", ">", "</", "s>"];
  const json = JSON.stringify({
    version: "1.0",
    added_tokens: [added("<unk>", 0), added("</s>", 1)],
    model: {
      type: "BPE",
      unk_token: "<unk>",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ["< /", "s >", "</ s>"],
    },
  });
  assert.deepEqual(await encode(json, segment("control", "</s>"), segment("candidate", "</s>")), [[1], [6, 7]]);
  const pairs = JSON.parse(json);
  pairs.model.merges = pairs.model.merges.map((merge: string) => merge.split(" "));
  assert.deepEqual(await encode(JSON.stringify(pairs), segment("candidate", "</s>")), [[6, 7]]);
});

test("encode(calls) reads a special token in content by its characters under a unigram model", async () => {
  const added = (content: string, id: number) => ({ ...JSON.parse(tokenizerJson()).added_tokens[0], content, id });
  const vocab = [
    ["<unk>", 0],
    ["</s>", -0.1],
    ["<", -5],
    ["/", -5],
    ["s", -5],
    [">", -5],
  ];
  const json = JSON.stringify({
    version: "1.0",
    added_tokens: [added("<unk>", 0), added("</s>", 1)],
    model: { type: "Unigram", unk_id: 0, vocab },
  });
  assert.deepEqual(await encode(json, segment("control", "</s>"), segment("candidate", "</s>")), [[1], [2, 3, 4, 5]]);
});

test("encode(calls) refuses content that can only be written with a special token, such as a byte that is one", async () => {
  const file = JSON.parse(readFileSync(new URL("../../support/tokenizers/gemma-mistral.json", import.meta.url), "utf8"));
  const byte = { ...file.added_tokens[0], content: "<0xE2>", id: file.model.vocab["<0xE2>"] };
  const snowman = call(segment("prompt", "\u2603"));
  const idsOf = await createSegmentTokenizer(JSON.stringify({ ...file, added_tokens: [...file.added_tokens, byte] })).encode([snowman]);
  assert.throws(
    () => idsOf(snowman),
    (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID" && !error.message.includes("\u2603"),
  );
});

test("encode(calls) keeps every id of a vocabulary that leaves ids out", async () => {
  const file = JSON.parse(tokenizerJson());
  delete file.model.vocab["|"];
  delete file.model.vocab["-"];
  const vocabulary: Record<string, number> = file.model.vocab;
  const words = Object.entries(vocabulary).filter(([token]) => /^\w+$/.test(token));
  const [pieces] = await encode(JSON.stringify(file), segment("candidate", words.map(([token]) => token).join(" ")));
  assert.deepEqual(
    pieces,
    words.map(([, id]) => id),
  );
});

/** A byte-pair vocabulary in which two line breaks are one token, and so are a space and the letter behind it. */
function pairTokenizer(): string {
  const vocab = ["<|turn|>", "\n", "\n\n", " ", "a", " a", "b", "💡"];
  const merges = [
    ["\n", "\n"],
    [" ", "a"],
  ];
  return JSON.stringify({
    added_tokens: [{ id: 0, content: "<|turn|>", single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }],
    model: { type: "BPE", vocab: Object.fromEntries(vocab.map((token, id) => [token, id])), merges },
  });
}

test("encode(calls) reads a template and the content in it as one text, and gives a token over their seam to the content", async () => {
  const tokenizer = createSegmentTokenizer(pairTokenizer());
  const turn = (text: string) =>
    encodeWith(tokenizer, segment("control", "<|turn|>b\n"), segment("prompt", text), segment("control", "\n"));
  assert.deepEqual(await turn("a"), [[0, 6, 1], [4], [1]]);
  assert.deepEqual(await turn("\na"), [[0, 6], [2, 4], [1]]);
  assert.deepEqual(await turn("\n"), [[0, 6], [2], [1]]);
  assert.deepEqual(await turn("💡💡\n"), [[0, 6, 1], [7, 7, 2], []]);
  assert.deepEqual(await turn(""), [[0, 6, 2], [], []]);
});

test("encode(calls) gives segments together the tokens of the whole text, whatever white space stands at their seams", async () => {
  const tokenizer = createSegmentTokenizer(pairTokenizer());
  const text = fc.array(fc.constantFrom("\n", " ", "a", "b", "💡"), { maxLength: 6 }).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(text, text, text, async (before, content, after) => {
      const cut = await encodeWith(tokenizer, segment("control", before), segment("candidate", content), segment("control", after));
      const [whole] = await encodeWith(tokenizer, segment("control", before + content + after));
      assert.deepEqual(cut.flat(), whole);
    }),
  );
});

test("encode(calls) gives every token that holds a character of a scored segment to it, and no other, whoever wrote what is before", async () => {
  const tokenizer = createSegmentTokenizer(pairTokenizer());
  const scored = async (...segments: Segment[]) => {
    const text = { segments, scoredFrom: segments.length - 1 };
    return (await tokenizer.encode([text]))(text).map((piece) => [...piece]);
  };
  assert.deepEqual(await scored(segment("candidate", "b"), segment("control", " "), segment("prompt", "a")), [[6], [], [5]]);
  assert.deepEqual(await scored(segment("candidate", "b "), segment("prompt", "a")), [[6], [5]]);
  assert.deepEqual(await scored(segment("candidate", "\n"), segment("control", ""), segment("control", "\n")), [[], [], [2]]);
  const text = fc.array(fc.constantFrom("\n", " ", "a", "b", "💡"), { maxLength: 6 }).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(text, text, text, async (candidate, lead, reference) => {
      const before = candidate + lead;
      const pieces = await scored(segment("candidate", candidate), segment("control", lead), segment("prompt", reference));
      const [whole] = await encodeWith(tokenizer, segment("control", before + reference));
      assert.deepEqual(pieces.flat(), whole);
      let units = 0;
      const written = ["<|turn|>", "\n", "\n\n", " ", "a", " a", "b", "💡"];
      const first = whole!.findIndex((id) => {
        units += written[id]!.length;
        return units > before.length;
      });
      assert.deepEqual(pieces[2], reference === "" ? [] : whole!.slice(first));
    }),
  );
});

test("encode(calls) finds the seam behind white space that the tokenizer leaves out", async () => {
  const pieces = await encode(tokenizerJson(), segment("control", "[CLS]the "), segment("prompt", " \n "), segment("candidate", "  word"));
  assert.deepEqual(pieces, [ids("[CLS]", "the"), [], ids("word")]);
});

test("createSegmentTokenizer(json) rejects what is not a tokenizer", () => {
  for (const json of ["", "{}", '{"model":{"type":"Nothing"}}', tokenizerJson().slice(0, -10)]) {
    assert.throws(
      () => createSegmentTokenizer(json),
      (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID",
      json.slice(0, 30),
    );
  }
});

test("encode(calls) gives the shipped tokenizer's ids of Python for hard strings, as content and as control text", async () => {
  const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
  const rows = readJsonLines<{ text: string; ids: number[]; idsWithSpecial: number[] }>(read("test/golden/tokenizer.jsonl"));
  assert.ok(rows.length >= 500);
  const calls = rows.map(({ text }) => ({ control: call(segment("control", text)), content: call(segment("candidate", text)) }));
  const tokenizer = createSegmentTokenizer(read("models/chat-trunk/tokenizer.json"));
  const idsOf = await tokenizer.encode(calls.flatMap(({ control, content }) => [control, content]));
  for (const [index, { text, ids, idsWithSpecial }] of rows.entries()) {
    const { control, content } = calls[index]!;
    assert.deepEqual([...idsOf(content)[0]!], ids, JSON.stringify(text));
    assert.deepEqual([...idsOf(control)[0]!], idsWithSpecial, JSON.stringify(text));
  }
});
