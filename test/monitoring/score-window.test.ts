import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KEPT_SCORES, keptCandidates, type ScoredItem, ScoreWindow } from "../../src/monitoring/score-window.ts";
import { moments } from "../../src/reward/moments.ts";
import { sum } from "../../src/reward/numerics.ts";

const score = fc.option(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { freq: 4 });
const group = fc.array(fc.record({ score, length: fc.nat(1000) }), { minLength: 1, maxLength: 12 });
const itemsOf = (groups: { score: number | null; length: number }[][]): ScoredItem[] =>
  groups.map((candidates, i) => ({
    facts: { id: `${i}`, policyVersion: `p${i % 3}` },
    scores: candidates.map((candidate) => candidate.score),
    lengths: candidates.map((candidate) => candidate.length),
    tokens: i,
  }));
const scored = ({ scores }: ScoredItem) => scores.filter((each) => each !== null);

test("a window holds the sums over every score of its last items that have one", () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 180 }), fc.integer({ min: 1, max: 150 }), (groups, capacity) => {
      const window = new ScoreWindow(capacity, 0);
      const items = itemsOf(groups);
      for (const item of items) window.add(item);
      const kept = items.filter((item) => scored(item).length > 0).slice(-capacity);
      const sample = window.sample();
      assert.deepEqual(
        sample.facts,
        kept.map(({ facts }) => facts),
      );
      assert.equal(window.size, kept.length);
      for (const [i, item] of kept.entries()) {
        const values = scored(item);
        const { mean, variance } = moments(values, 0);
        assert.equal(sample.counts[i], values.length);
        assert.ok(Math.abs(sample.means[i]! - mean) < 1e-9);
        assert.ok(Math.abs(sample.squares[i]! - variance * values.length) < 1e-6);
        assert.equal(sample.passes[i], values.filter((value) => value > 0).length);
        assert.equal(sample.lengths[i], sum(item.lengths.filter((_, c) => item.scores[c] !== null)));
        assert.equal(sample.tokens[i], item.tokens);
      }
    }),
  );
});

test("of every item a few scores stay one by one, with their lengths, in order", () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 150 }), (groups) => {
      const window = new ScoreWindow(150, 0);
      const items = itemsOf(groups);
      for (const item of items) window.add(item);
      const expected = items
        .filter((item) => scored(item).length > 0)
        .flatMap((item, owner) =>
          keptCandidates(item.scores.length)
            .filter((candidate) => item.scores[candidate] !== null)
            .map((candidate) => [owner, item.scores[candidate], item.lengths[candidate]]),
        );
      const { owners, values, valueLengths } = window.sample();
      assert.deepEqual(
        Array.from(owners, (owner, i) => [owner, values[i], valueLengths[i]]),
        expected,
      );
    }),
  );
});

test("a part of a window is taken by its facts, and with fewer scores per item", () => {
  const window = new ScoreWindow(10, 0);
  for (const item of itemsOf(Array.from({ length: 6 }, (_, i) => [i, i + 0.5, i + 0.75].map((value) => ({ score: value, length: 1 })))))
    window.add(item);
  const part = window.sample({ filter: ({ policyVersion }) => policyVersion === "p1", perItem: 2 });
  assert.deepEqual(Array.from(part.values), [1, 1.5, 4, 4.5]);
  assert.deepEqual(Array.from(part.counts), [3, 3]);
});

test("kept candidates are all of a small group and evenly spread over a large one", () => {
  assert.deepEqual(keptCandidates(3), [0, 1, 2]);
  assert.deepEqual(keptCandidates(16), [0, 2, 4, 6, 8, 10, 12, 14]);
  assert.equal(new Set(keptCandidates(1001)).size, KEPT_SCORES);
});
