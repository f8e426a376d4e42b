import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawnLetters, drawnNames, drawnOrder } from "../../../src/judges/generative/drawn.ts";

const seeds = Array.from({ length: 2000 }, (_, n) => `seed ${n}`);

describe("what a text draws", () => {
  it("is the same for the same text and another for another", () => {
    assert.deepEqual(drawnOrder(8, "a"), drawnOrder(8, "a"));
    assert.deepEqual(drawnNames(3, "a", []), drawnNames(3, "a", []));
    assert.ok(new Set(seeds.map((seed) => drawnOrder(8, seed).join())).size > 1900);
    assert.ok(new Set(seeds.flatMap((seed) => drawnNames(1, seed, []))).size > 1990);
  });

  it("is an order of all, in which each stands first about equally often", () => {
    const first = [0, 0, 0, 0];
    for (const seed of seeds) {
      const order = drawnOrder(4, seed);
      assert.deepEqual(order.toSorted(), [0, 1, 2, 3]);
      first[order[0]!]!++;
    }
    for (const count of first) assert.ok(count > 400 && count < 600, `${first}`);
    assert.deepEqual([drawnOrder(0, "a"), drawnOrder(1, "a")], [[], [0]]);
  });

  it("is two different letters, none of them A or B, and different names that no text holds", () => {
    for (const seed of seeds) {
      const [a, b] = drawnLetters(seed);
      assert.ok(a !== b && /^[C-Z]{2}$/.test(a + b));
    }
    const [taken] = drawnNames(1, "seed", []);
    const names = drawnNames(50, "seed", [`A text with ${taken!.toUpperCase()} in it.`]);
    assert.deepEqual([new Set(names).size, names.includes(taken!)], [50, false]);
  });
});
