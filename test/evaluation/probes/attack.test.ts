import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Item } from "../../../src/domain/item.ts";
import { type Attack, attackItem } from "../../../src/evaluation/probes/attack.ts";

const attack: Attack = { name: "shout", mode: "adds", about: "louder", variants: (response) => [`${response}!`, `${response}!!`] };
const item = (id: string): Item => ({
  id,
  prompt: [{ role: "user", content: "2 + 2?" }],
  candidates: [{ content: "5" }, { content: [{ type: "text", text: "4" }], tokens: 1, kl: 0.5 }],
  baselines: [{ content: "four" }],
  reference: "4",
});

describe("attackItem", () => {
  it("sets the response beside itself under attack, and keeps what the attack does not touch", () => {
    for (let n = 0; n < 50; n++) {
      const made = attackItem(item(`i${n}`), 1, attack, 0);
      assert.equal(made.item.id, `i${n}/shout`);
      assert.deepEqual([made.genuine, made.attacked].toSorted(), [0, 1]);
      const { candidates, baselines, reference } = made.item;
      assert.deepEqual(candidates[made.genuine], { content: [{ type: "text", text: "4" }], kl: 0.5 });
      assert.match(candidates[made.attacked]!.content as string, /^4!!?$/);
      assert.deepEqual([baselines, reference], [undefined, "4"]);
    }
  });

  it("uses every variant and both places over items, and the same ones for the same item and seed", () => {
    const made = Array.from({ length: 100 }, (_, n) => attackItem(item(`i${n}`), 0, attack, 7));
    assert.deepEqual(new Set(made.map(({ genuine }) => genuine)), new Set([0, 1]));
    assert.deepEqual(new Set(made.map(({ item: own, attacked }) => own.candidates[attacked]!.content)), new Set(["5!", "5!!"]));
    assert.deepEqual(
      made,
      Array.from({ length: 100 }, (_, n) => attackItem(item(`i${n}`), 0, attack, 7)),
    );
    assert.notDeepEqual(
      made,
      Array.from({ length: 100 }, (_, n) => attackItem(item(`i${n}`), 0, attack, 8)),
    );
  });
});
