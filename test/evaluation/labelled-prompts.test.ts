import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { foldsOf, type LabelledPrompt, pairsWithin, ratingsOf, splitPrompts } from "../../src/evaluation/labelled-prompts.ts";

const prompts: LabelledPrompt[] = Array.from({ length: 600 }, (_, i) => ({
  id: `${i}`,
  group: `opening ${i % 300}`,
  candidates: [{ score: i }, { score: -i }],
  preference: [0, 1],
}));

describe("labelled prompts", () => {
  it("splitPrompts holds whole groups out, the same ones whatever else is in the file", () => {
    const { fit, heldOut } = splitPrompts(prompts, { share: 0.3, seed: 1 });
    assert.equal(fit.length + heldOut.length, 600);
    assert.ok(Math.abs(heldOut.length - 180) < 50);
    const groups = new Set(heldOut.map(({ group }) => group));
    assert.ok(fit.every(({ group }) => !groups.has(group)));
    const half = splitPrompts(prompts.slice(0, 300).toReversed(), { share: 0.3, seed: 1 });
    assert.deepEqual(new Set(half.heldOut.map(({ group }) => group)), groups);
    assert.notDeepEqual(splitPrompts(prompts, { share: 0.3, seed: 2 }).heldOut, heldOut);
  });

  it("foldsOf holds each prompt out once and tears no group apart", () => {
    const folds = foldsOf(prompts, { folds: 4, seed: 2 });
    assert.deepEqual(new Set(folds.flat()), new Set(prompts));
    assert.equal(folds.flat().length, 600);
    const groups = folds.map((fold) => new Set(fold.map(({ group }) => group)));
    assert.equal(
      new Set(groups.flatMap((names) => [...names])).size,
      groups.reduce((n, names) => n + names.size, 0),
    );
    for (const fold of folds) assert.ok(Math.abs(fold.length - 150) < 50);
  });

  it("pairsWithin puts the better side first in about half of the pairs, always the same ones", () => {
    const pairs = pairsWithin(prompts, 0, 0);
    const first = pairs.filter(({ label }) => label === 1);
    assert.ok(Math.abs(first.length - 300) < 60);
    for (const { first, second, label } of pairs) assert.ok(label === 1 ? first >= second : first <= second);
    assert.deepEqual(pairsWithin(prompts, 0, 0), pairs);
  });

  it("pairsWithin makes pairs of ratings that differ by the gap, and none of equal ones", () => {
    const rated: LabelledPrompt = {
      id: "a",
      group: "a",
      candidates: [
        { score: 0.1, rating: 1 },
        { score: 0.2, rating: 2 },
        { score: 0.3, rating: 2 },
        { score: 0.4 },
        { score: 0.5, rating: 4 },
      ],
    };
    const better = (gap: number) =>
      pairsWithin([rated], gap, 0).map(({ first, second, label }) => (label === 1 ? [first, second] : [second, first]));
    assert.deepEqual(better(2), [
      [0.5, 0.1],
      [0.5, 0.2],
      [0.5, 0.3],
    ]);
    assert.equal(better(0).length, 5);
    const turned = pairsWithin([{ ...rated, candidates: rated.candidates.toReversed() }], 0, 0);
    assert.equal(turned.length, 5);
    for (const { first, second, label } of turned) assert.ok(label === 1 ? first > second : first < second);
    assert.deepEqual(
      ratingsOf([rated]).map(({ rating }) => rating),
      [1, 2, 2, 4],
    );
  });
});
