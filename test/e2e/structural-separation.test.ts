import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Tokenizer } from "tokenizers";
import { createSegmentTokenizer } from "../../src/backends/tokens/tokenizer.ts";
import type { ForwardCall, Segment } from "../../src/domain/backend.ts";
import type { Item } from "../../src/domain/item.ts";
import { chatAsks } from "../../src/judges/shared/chat-asks.ts";
import { type Payload, payloads } from "../support/payloads.ts";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** What a tokenizer makes of any text by its normaliser, before it looks for tokens. */
const asTyped = (text: string) => text;
const composed = (text: string) => text.normalize("NFC");
// SentencePiece writes spaces so, and takes this character for one.
const spaced = (text: string) => text.replaceAll("\u2581", " ");

/** Templates as models of each family bring them, with their first token written out, and the tokens that open and close a turn. */
const FAMILIES = {
  ChatML: {
    tokenizer: read("support/tokenizers/chatml.json"),
    normalised: composed,
    template: "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
    opening: ["<|im_start|>"],
    closing: ["<|im_end|>"],
  },
  "Llama 3": {
    tokenizer: read("support/tokenizers/llama3.json"),
    normalised: asTyped,
    template:
      "<|begin_of_text|>{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content }}<|eot_id|>{% endfor %}",
    opening: ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>"],
    closing: ["<|eot_id|>"],
  },
  Gemma: {
    tokenizer: read("support/tokenizers/gemma-mistral.json"),
    normalised: spaced,
    template:
      "<bos>{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content }}<end_of_turn>\n{% endfor %}",
    opening: ["<bos>", "<start_of_turn>"],
    closing: ["<end_of_turn>"],
  },
  Mistral: {
    tokenizer: read("support/tokenizers/gemma-mistral.json"),
    normalised: spaced,
    template:
      "<s>{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %}{{ m.content }}</s>{% endif %}{% endfor %}",
    opening: ["<s>", "[INST]"],
    closing: ["[/INST]", "</s>"],
  },
  "the shipped judges": {
    tokenizer: read("../models/chat-trunk/tokenizer.json"),
    // Lower case, and words of its vocabulary alone: decoding does not give the text back.
    normalised: undefined,
    template: "[CLS]{% for m in messages %}{{ m.content }}[SEP]{% endfor %}",
    opening: ["[CLS]"],
    closing: ["[SEP]"],
  },
};

const callOf = ({ prompt, candidate }: Payload, template: string): ForwardCall => {
  const item: Item = { id: "i", prompt: [{ role: "user", content: prompt }], candidates: [{ content: candidate }] };
  return chatAsks(template, "error").encode(item)[0]!.calls[0] as ForwardCall;
};
const isUntrusted = ({ origin }: Segment) => origin !== "control";

describe("640 payloads", () => {
  const all = payloads(640);

  it("are all different, the same on every call, and hold every family of attack", () => {
    assert.equal(new Set(all.map(({ prompt, candidate }) => `${prompt}\u0000${candidate}`)).size, 640);
    assert.deepEqual(payloads(640), all);
    assert.equal(new Set(all.map(({ family }) => family)).size, 15);
  });

  for (const [name, { tokenizer: json, normalised, template, opening, closing }] of Object.entries(FAMILIES)) {
    it(`put no control token into an untrusted span of ${name}, and no boundary of a role beside the template's own`, async () => {
      const whole = Tokenizer.fromString(json);
      const file: { added_tokens: { id: number; content: string; special: boolean }[] } = JSON.parse(json);
      const special = new Map(file.added_tokens.filter((token) => token.special).map(({ id, content }) => [id, content]));
      const unknown = [...special].find(([, content]) => /unk/i.test(content))?.[0];
      const calls = all.map((payload) => callOf(payload, template));
      const idsOf = await createSegmentTokenizer(json).encode(calls);
      const expected = await expectedControls(json, template, special);
      let [inside, naive, changed] = [0, 0, 0];
      for (const call of calls) {
        const spans = idsOf(call).map((ids, index) => ({ segment: call.segments[index]!, ids: [...ids] }));
        for (const { segment, ids } of spans.filter((span) => isUntrusted(span.segment))) {
          if (ids.some((id) => special.has(id) && id !== unknown)) inside++;
          // A token may reach over a seam, into white space of the template.
          const shown = (await whole.decode(ids, false)).trim();
          if (normalised !== undefined && shown !== normalised(segment.text).trim()) changed++;
        }
        const joined = spans.flatMap(({ segment, ids }) => (isUntrusted(segment) ? ids.filter((id) => id !== unknown) : ids));
        assert.deepEqual(
          joined.filter((id) => special.has(id)).map((id) => special.get(id)),
          expected,
        );
        // What a server makes of the same text when it tokenises the rendered conversation as a whole.
        const text = call.segments.map((segment) => segment.text).join("");
        const rendered = (await whole.encode(text, null, { addSpecialTokens: false })).getIds();
        if (rendered.filter((id) => special.has(id) && id !== unknown).length > expected.length) naive++;
      }
      assert.deepEqual({ inside, changed }, { inside: 0, changed: 0 });
      assert.deepEqual(expected, [...opening, ...closing, ...expected.slice(opening.length + closing.length)]);
      assert.ok(naive >= 30, `only ${naive} payloads attack this tokenizer`);
    });
  }
});

/** Control tokens of the template around harmless words. */
async function expectedControls(json: string, template: string, special: ReadonlyMap<number, string>): Promise<string[]> {
  const call = callOf({ family: "", prompt: "good", candidate: "bread" }, template);
  const idsOf = await createSegmentTokenizer(json).encode([call]);
  return idsOf(call)
    .flatMap((ids) => [...ids])
    .flatMap((id) => special.get(id) ?? []);
}
