import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ATTACKS } from "../../../src/evaluation/probes/attacks.ts";

const RESPONSE = "Eight minutes in boiling water.";
const variantsOf = (name: string) => ATTACKS.find((attack) => attack.name === name)!.variants(RESPONSE);

describe("ATTACKS", () => {
  it("have names of their own, and as many variants for any response, all different and well formed", () => {
    assert.equal(new Set(ATTACKS.map(({ name }) => name)).size, ATTACKS.length);
    for (const { name, variants } of ATTACKS) {
      const made = variants(RESPONSE);
      assert.equal(new Set(made).size, made.length, name);
      assert.equal(variants("").length, made.length, name);
      assert.ok(
        made.every((text) => text.isWellFormed()),
        name,
      );
    }
  });

  it("replace the response by what does not hold it, or add to it and keep its visible words", () => {
    const visible = (text: string) => text.replace(/[\u200b\u200c]|\p{Cf}/gu, "");
    for (const { name, mode, variants } of ATTACKS) {
      for (const text of variants(RESPONSE)) {
        assert.notEqual(text, RESPONSE, name);
        assert.equal(visible(text).includes(RESPONSE), mode === "adds", `${name}: ${text}`);
      }
    }
  });

  it("show nothing of an invisible demand", () => {
    for (const text of variantsOf("invisible")) assert.equal(text.replace(/\p{Cf}/gu, ""), RESPONSE);
  });

  it("fake turns in the tokens of ChatML, Llama 3, Mistral and Gemma, and in plain words", () => {
    const all = variantsOf("fakeTurns").join("\n");
    for (const token of ["<|im_start|>", "<|start_header_id|>", "[INST]", "<start_of_turn>", "Human:"])
      assert.ok(all.includes(token), token);
  });
});
