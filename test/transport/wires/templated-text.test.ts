import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  continueTemplated,
  continueUnmarked,
  messagesOfTemplated,
  responseOfTemplated,
  splitTemplated,
} from "../../../src/transport/wires/templated-text.ts";

const chatml = (turns: readonly (readonly [string, string])[]) =>
  turns.map(([role, text]) => `<|im_start|>${role}\n${text}<|im_end|>\n`).join("");

describe("messagesOfTemplated(text)", () => {
  it("reads the turns of ChatML, Llama 3 and Gemma, and leaves out the turn that is open", () => {
    const turns = [
      ["system", "Be kind."],
      ["user", "Hi\nthere"],
      ["assistant", "Hello."],
      ["user", "Bye"],
    ] as const;
    const expected = turns.map(([role, content]) => ({ role, content }));
    assert.deepEqual(messagesOfTemplated(`${chatml(turns)}<|im_start|>assistant\n`), expected);
    const llama = turns.map(([role, text]) => `<|start_header_id|>${role}<|end_header_id|>\n\n${text}<|eot_id|>`).join("");
    assert.deepEqual(messagesOfTemplated(`<|begin_of_text|>${llama}<|start_header_id|>assistant<|end_header_id|>\n\n`), expected);
    const gemma = "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n";
    assert.deepEqual(messagesOfTemplated(gemma), [{ role: "user", content: "Hi" }]);
  });

  for (const [name, [text, system = true]] of Object.entries({
    "DeepSeek, with its first mark twice": [
      "<｜begin▁of▁sentence｜><｜begin▁of▁sentence｜>Be kind.<｜User｜>Hi\nthere<｜Assistant｜>Hello.<｜end▁of▁sentence｜><｜User｜>Bye<｜Assistant｜>",
    ],
    "DeepSeek, without its first mark": [
      "Be kind.<｜User｜>Hi\nthere<｜Assistant｜>Hello.<｜end▁of▁sentence｜><｜User｜>Bye<｜Assistant｜>",
    ],
    "DeepSeek, without a system": [
      "<｜begin▁of▁sentence｜><｜User｜>Hi\nthere<｜Assistant｜>Hello.<｜end▁of▁sentence｜><｜User｜>Bye<｜Assistant｜>",
      false,
    ],
    Mistral: ["<s>[SYSTEM_PROMPT]Be kind.[/SYSTEM_PROMPT][INST]Hi\nthere[/INST]Hello.</s>[INST]Bye[/INST]"],
    "Mistral before": ["<s> [INST] Hi\nthere [/INST] Hello.</s> [INST] Bye [/INST]", false],
    GLM: ["[gMASK]<sop><|system|>\nBe kind.<|user|>\nHi\nthere<|assistant|>\nHello.<|user|>\nBye<|assistant|>\n"],
    "Phi 3": [
      "<|system|>\nBe kind.<|end|>\n<|user|>\nHi\nthere<|end|>\n<|assistant|>\nHello.<|end|>\n<|user|>\nBye<|end|>\n<|assistant|>\n",
    ],
    "Phi 4": [
      "<|im_start|>system<|im_sep|>Be kind.<|im_end|><|im_start|>user<|im_sep|>Hi\nthere<|im_end|><|im_start|>assistant<|im_sep|>Hello.<|im_end|><|im_start|>user<|im_sep|>Bye<|im_end|><|im_start|>assistant<|im_sep|>",
    ],
  } satisfies Record<string, [string, boolean?]>)) {
    it(`reads the turns of ${name}`, () => {
      const turns = [
        { role: "system", content: "Be kind." },
        { role: "user", content: "Hi\nthere" },
        { role: "assistant", content: "Hello." },
        { role: "user", content: "Bye" },
      ];
      assert.deepEqual(messagesOfTemplated(text), turns.slice(system ? 0 : 1));
      assert.equal(splitTemplated(text), undefined);
    });
  }

  it("reads a call of a tool, which Llama ends with a mark of its own, apart from what the tool answers", () => {
    const turn = (role: string, text: string, mark: string) => `<|start_header_id|>${role}<|end_header_id|>\n\n${text}<|${mark}|>`;
    const turns = [turn("user", "2+2?", "eot_id"), turn("assistant", "<|python_tag|>2+2", "eom_id"), turn("ipython", "4", "eot_id")].join(
      "",
    );
    assert.deepEqual(messagesOfTemplated(`<|begin_of_text|>${turns}<|start_header_id|>assistant<|end_header_id|>\n\n`), [
      { role: "user", content: "2+2?" },
      { role: "assistant", content: "<|python_tag|>2+2" },
      { role: "tool", content: "4" },
    ]);
  });

  it("leaves out turns of roles that there are not, whatever they are called", () => {
    for (const role of ["narrator", "constructor", "__proto__"]) {
      const text = chatml([
        [role, "a"],
        ["user", "b"],
      ]);
      assert.deepEqual(messagesOfTemplated(text), [{ role: "user", content: "b" }]);
    }
  });

  it("reads the template whose mark comes first, whatever marks of others its messages hold", () => {
    const content = `What does <|im_start|> mean? ${chatml([["assistant", "Great!"]])}`.trim();
    const llama = `<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n${content}<|eot_id|>`;
    const expected = [{ role: "user", content }];
    assert.deepEqual(messagesOfTemplated(`${llama}<|start_header_id|>assistant<|end_header_id|>\n\n`), expected);
    assert.deepEqual(messagesOfTemplated(`<bos><start_of_turn>user\n${content}<end_of_turn>\n<start_of_turn>model\n`), expected);
  });

  it("takes any other text for one message of the user, as it is", () => {
    for (const text of ["plain", "### Human: hi", "[INST] hi [/INST]", "<|im_start|>", ""]) {
      assert.deepEqual(messagesOfTemplated(text), [{ role: "user", content: text }]);
    }
  });
});

describe("continueTemplated(prompt, written)", () => {
  it("takes what the prompt begins of the assistant's turn for the beginning of the response", () => {
    const asked = chatml([["user", "a"]]);
    for (const begun of ["<think>\n", "<think>\n\n</think>\n\n", "Sure: "]) {
      const { prompt, response } = continueTemplated(`${asked}<|im_start|>assistant\n${begun}`, "b");
      assert.deepEqual([prompt, response], [[{ role: "user", content: "a" }], `${begun}b`]);
    }
    assert.deepEqual(continueTemplated(`${asked}<|im_start|>assistant\n`, " b "), {
      prompt: [{ role: "user", content: "a" }],
      response: " b ",
    });
    assert.deepEqual(continueTemplated("plain", "b"), { prompt: [{ role: "user", content: "plain" }], response: "b" });
  });
});

describe("continueUnmarked(prompt, written)", () => {
  const unmarked = (text: string) => text.replaceAll(/<\|im_(start|end)\|>/g, "");

  it("reads ChatML of which the special tokens are left out", () => {
    const turns = [
      ["system", "Be kind."],
      ["user", "Hi\nuser, there"],
      ["assistant", "Hello."],
      ["user", "Bye"],
    ] as const;
    const expected = turns.map(([role, content]) => ({ role, content }));
    const opened = unmarked(`${chatml(turns)}<|im_start|>assistant\n`);
    assert.deepEqual(continueUnmarked(opened, "b"), { prompt: expected, response: "b" });
    assert.deepEqual(continueUnmarked(`${opened}Sure: `, "b"), { prompt: expected, response: "Sure: b" });
    // ROLL takes the opening of a thought off together with the word before it.
    assert.deepEqual(continueUnmarked(`${unmarked(chatml(turns))}\n`, "b"), { prompt: expected, response: "b" });
    assert.deepEqual(continueUnmarked(unmarked(chatml(turns.slice(1, 2))), "b")?.prompt, expected.slice(1, 2));
  });

  it("gives nothing where the roles are none of a conversation", () => {
    for (const text of ["", "plain", "Hi\nuser\nthere", "assistant\nHi", "system\nHi", "user\na\nuser\nb", chatml([["user", "a"]])]) {
      assert.equal(continueUnmarked(text, "b"), undefined);
    }
  });
});

describe("responseOfTemplated(text, prompt)", () => {
  it("is what the policy wrote, without the marks that end a turn", () => {
    assert.equal(responseOfTemplated("Q: a A: b<|im_end|>\n", "Q: a A: "), "b");
    assert.equal(responseOfTemplated("pb</s></s>", "p"), "b");
    assert.equal(responseOfTemplated("pb ", "p"), "b ");
    assert.equal(responseOfTemplated("other", "p"), undefined);
  });

  it("is found behind a prompt that stands there with other white space, as SentencePiece gives it back behind special tokens", () => {
    const prompt = "<s>[INST] Hi there [/INST] Hello.</s>[INST] x != y ? [/INST]";
    assert.equal(responseOfTemplated("<s> [INST] Hi there [/INST] Hello.</s> [INST] x != y ? [/INST] b</s>", prompt), " b");
    assert.equal(responseOfTemplated("<s> [INST] Hi there [/INST] Hello.</s> [INST] x!= y? [/INST]\n b", `${prompt}\n`), " b");
    assert.equal(responseOfTemplated("<s> [INST] Hi there [/INST] Hello.</s> [INST] x = y ? [/INST] b", prompt), undefined);
  });

  it("is found behind the end of a prompt that was cut at its start, within a character or not", () => {
    const prompt = `${"Once upon a time. ".repeat(20)}\u00e9 And then?<|im_end|>\n<|im_start|>assistant\n${"<think>".repeat(7)}`;
    for (let cut = 0; cut <= prompt.length - 64; cut += 7) {
      assert.equal(responseOfTemplated(`${prompt.slice(cut)}b<|im_end|>`, prompt), "b");
      assert.equal(responseOfTemplated(`\uFFFD${prompt.slice(cut)}b<|im_end|>`, prompt), "b");
    }
    assert.equal(responseOfTemplated(`${prompt.slice(-63)}b`, prompt), undefined);
    assert.equal(responseOfTemplated(`other ${prompt.slice(-200)}b`, prompt), undefined);
  });

  it("gives back whatever stands behind the prompt, if it ends with no mark", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (prompt, response) => {
        if (!/>\s*$/.test(response)) assert.equal(responseOfTemplated(prompt + response, prompt), response);
      }),
    );
  });
});

describe("splitTemplated(text)", () => {
  it("parts a conversation before its last turn, which is the assistant's", () => {
    const text = chatml([
      ["user", "a"],
      ["assistant", "b"],
      ["user", "c"],
      ["assistant", "d"],
    ]);
    const split = splitTemplated(text)!;
    assert.deepEqual([split.prompt.map(({ content }) => content), split.response], [["a", "b", "c"], "d"]);
  });

  it("reads marks with the space behind them that tokenizers of SentencePiece put there when they decode", () => {
    const chat = "<|im_start|> user\na<|im_end|> \n<|im_start|> assistant\nb<|im_end|> \n";
    const nemo = "<extra_id_0> System\n\n<extra_id_1> User\na\n<extra_id_1> Assistant\nb\n<extra_id_2> quality:4";
    assert.deepEqual(splitTemplated(chat), { prompt: [{ role: "user", content: "a" }], response: "b" });
    assert.deepEqual(splitTemplated(nemo)?.response, "b");
  });

  it("takes a turn that is closed without a word as an empty response, and one that is only opened as none", () => {
    const begun = {
      chatml: ["<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>\n"],
      llama3: ["<|start_header_id|>user<|end_header_id|>\n\na<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"],
      gemma: ["<start_of_turn>user\na<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>\n"],
      nemo: ["<extra_id_0>System\n\n<extra_id_1>User\na\n<extra_id_1>Assistant\n", "<extra_id_2>"],
    };
    for (const [style, [open, mark]] of Object.entries(begun)) {
      assert.equal(splitTemplated(open!), undefined, style);
      assert.equal(splitTemplated(open! + mark)?.response, "", style);
    }
  });

  for (const [name, [open, mark]] of Object.entries({
    DeepSeek: ["<｜begin▁of▁sentence｜><｜User｜>a<｜Assistant｜>", "<｜end▁of▁sentence｜>"],
    Mistral: ["<s>[INST] a [/INST]", "</s>"],
    GLM: ["[gMASK]<sop><|user|>\na<|assistant|>\n", "<|user|>"],
    Phi: ["<|user|>\na<|end|>\n<|assistant|>\n", "<|end|>"],
  } satisfies Record<string, [string, string]>)) {
    it(`parts the last turn of ${name} from what came before it, empty or not`, () => {
      for (const said of ["b", "b\n<think>\nc", ""]) {
        assert.deepEqual(splitTemplated(open + said + mark), { prompt: [{ role: "user", content: "a" }], response: said });
      }
      assert.equal(splitTemplated(open), undefined);
    });
  }

  for (const [name, text] of Object.entries({
    "DeepSeek V3":
      "<｜begin▁of▁sentence｜><｜User｜>2 + 2<｜Assistant｜>add(2)<｜end▁of▁sentence｜><｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>4<｜tool▁output▁end｜><｜tool▁outputs▁end｜>It is 4.<｜end▁of▁sentence｜>",
    "DeepSeek V3.1":
      "<｜begin▁of▁sentence｜><｜User｜>2 + 2<｜Assistant｜>add(2)<｜end▁of▁sentence｜><｜tool▁output▁begin｜>4<｜tool▁output▁end｜>It is 4.<｜end▁of▁sentence｜>",
    Mistral: "<s>[INST]2 + 2[/INST]add(2)</s>[TOOL_RESULTS]4[/TOOL_RESULTS]It is 4.</s>",
    GLM: "[gMASK]<sop><|user|>\n2 + 2<|assistant|>\nadd(2)<|observation|>\n4<|assistant|>\nIt is 4.<|user|>",
  })) {
    it(`judges what the assistant says after a tool in the template of ${name}`, () => {
      const prompt = [
        { role: "user", content: "2 + 2" },
        { role: "assistant", content: "add(2)" },
        { role: "tool", content: "4" },
      ];
      assert.deepEqual(splitTemplated(text), { prompt, response: "It is 4." });
      assert.deepEqual(messagesOfTemplated(text.slice(0, text.indexOf("It is 4."))), prompt);
    });
  }

  it("takes the marks of a policy that ends with another than its template off, and those that stand for an empty answer", () => {
    const open = `${chatml([["user", "a"]])}<|im_start|>assistant\n`;
    for (const mark of ["<|endoftext|>", "</s>", "<|endoftext|><|endoftext|>\n"]) {
      assert.equal(splitTemplated(`${open}b${mark}`)?.response, "b");
      assert.equal(splitTemplated(open + mark)?.response, "");
    }
    assert.equal(splitTemplated(`${open}<s>b</s><|im_end|>`)?.response, "<s>b</s>");
  });

  it("gives nothing where there is no such turn or nothing before it", () => {
    for (const text of ["plain", chatml([["user", "a"]]), chatml([["assistant", "a"]])]) assert.equal(splitTemplated(text), undefined);
  });
});
