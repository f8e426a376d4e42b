import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { Tokenizer } from "tokenizers";
import { createWordReader, type WordReader } from "../../../src/backends/tokens/words.ts";
import { tokenizerJson } from "../../support/tokenizer.ts";

/** The shipped file without its special tokens, which no content reaches. */
const shipped = { ...JSON.parse(readFileSync("models/chat-trunk/tokenizer.json", "utf8")), added_tokens: [], post_processor: null };
const library = Tokenizer.fromString(JSON.stringify(shipped));
const reader = (): WordReader => createWordReader(shipped, library)!;

async function libraryIds(text: string): Promise<number[]> {
  return (await library.encode(text, null, { addSpecialTokens: false })).getIds();
}

/** All of the basic plane but lone surrogates. */
const everyCharacter = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((character) =>
  character.isWellFormed(),
);
const { reads } = reader();
const plain = everyCharacter.filter(reads);

test("each character that it reads gets the library's ids alone, inside a word and beside a mark", async () => {
  assert.ok(plain.length > 500, `${plain.length} characters`);
  const texts = plain.flatMap((character) => [character, `in${character}side`, `.${character}a`]);
  const read = await reader().encode(texts);
  for (const [index, text] of texts.entries()) assert.deepEqual([...read[index]!], await libraryIds(text), JSON.stringify(text));
});

test("texts get the library's ids, whether their words are new or known", async () => {
  const words = reader();
  const piece = fc.oneof(
    fc.constantFrom(...plain),
    fc.constantFrom(" ", "\n", "The", "cat’s", "naïve", "İstanbul", "e.g.", "[SEP]", "##ing", "zzqx", "a".repeat(99), "b".repeat(101)),
  );
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), async (texts) => {
      const [once, again] = await Promise.all([words.encode(texts), words.encode(texts)]);
      for (const [index, one] of texts.entries()) {
        const ids = await libraryIds(one);
        assert.deepEqual([...once[index]!], ids);
        assert.deepEqual([...again[index]!], ids);
      }
    }),
  );
});

test("more words than are remembered are read all the same", async () => {
  const words = reader();
  const count = 70_000;
  for (let start = 0; start < count; start += 500) {
    const text = Array.from({ length: 500 }, (_, index) => (start + index).toString(36)).join(" ");
    assert.deepEqual([...(await words.encode([text]))[0]!], await libraryIds(text));
  }
});

test("texts with characters that the normalizer drops, replaces or cuts at are left to the library, and so are long ones", () => {
  for (const text of ["\u0000", "a\u0001b", "\u007f", "\u000b", "\u00a0", "\u00ad", "\u200b", "\u2028", "中", "e\u0301", "💡", "\ufffd"]) {
    assert.equal(reader().reads(text), false, JSON.stringify(text));
  }
  assert.equal(reader().reads("word ".repeat(800)), true);
  assert.equal(reader().reads("word ".repeat(820)), false);
});

test("a tokenizer that does not read word by word has no such reader", () => {
  const file = JSON.parse(tokenizerJson());
  assert.notEqual(createWordReader(file, library), undefined);
  const token = file.added_tokens[0];
  for (const other of [
    { ...file, normalizer: null },
    { ...file, normalizer: { type: "Sequence", normalizers: [file.normalizer] } },
    { ...file, pre_tokenizer: { type: "WhitespaceSplit" } },
    { ...file, model: { ...file.model, type: "BPE" } },
    { ...file, added_tokens: [{ ...token, special: false }] },
    { ...file, added_tokens: [{ ...token, single_word: true }] },
    { ...file, added_tokens: [{ ...token, content: "<0xE2>" }] },
  ]) {
    assert.equal(createWordReader(other, library), undefined);
  }
});

test("a tokenizer that cuts words in another way than its file says is not believed", async () => {
  const uncut = Tokenizer.fromString(JSON.stringify({ ...shipped, pre_tokenizer: null }));
  await assert.rejects(createWordReader(shipped, uncut)!.encode(["a b"]), /another way/);
});
