import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Item } from "../../../src/domain/item.ts";
import { type PassOptions, planPasses } from "../../../src/judges/multi-response/passes.ts";

const itemOf = (candidates: number, baselines = 0): Item => {
  const own = Array.from({ length: candidates }, (_, i) => ({ content: `c${i}` }));
  const strangers = Array.from({ length: baselines }, (_, i) => ({ content: `b${i}` }));
  return { id: "i", prompt: [{ role: "user", content: "p" }], candidates: [...own, ...strangers], baselines: strangers };
};
const seen: PassOptions = { most: 4, company: "seen", orders: 1, anchors: 1 };
const unseen: PassOptions = { ...seen, company: "unseen" };

/** A model whose pass has a level of its own, and whose slots add something. */
const scoresOf = (passes: readonly (readonly number[])[], { level = 0, slot = 0 }: { level?: number; slot?: number }) =>
  passes.map((members, pass) => members.map((member, at) => member ** 2 + level * pass + slot * at));

describe("planPasses(item, options)", () => {
  it("takes one pass where the group fits, in the order given", () => {
    assert.deepEqual(planPasses(itemOf(4), seen).passes, [[0, 1, 2, 3]]);
    assert.deepEqual(planPasses(itemOf(1), seen).passes, [[0]]);
    assert.deepEqual(planPasses(itemOf(4), unseen).passes, [[0, 1, 2, 3]]);
  });

  it("cuts anywhere where company is unseen, and leaves baselines apart", () => {
    const { passes, ofGroup } = planPasses(itemOf(5, 2), unseen);
    assert.deepEqual(passes, [[0, 1, 2, 3], [4], [5, 6]]);
    assert.equal(ofGroup, 2);
  });

  it("shares anchors where company is seen", () => {
    assert.deepEqual(planPasses(itemOf(7), { ...seen, anchors: 2 }).passes, [
      [0, 1, 2, 3],
      [0, 1, 4, 5],
      [0, 1, 6],
    ]);
  });

  it("asks in as many orders as are wanted, and no more than a pass has candidates", () => {
    assert.deepEqual(planPasses(itemOf(3), { ...seen, orders: 8 }).passes, [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
    ]);
    assert.equal(planPasses(itemOf(4), { ...seen, orders: 2 }).passes.length, 2);
  });

  it("keeps baselines out of the passes that the candidates are scored in", () => {
    assert.deepEqual(planPasses(itemOf(3, 2), seen).passes, [
      [0, 1, 2],
      [0, 1, 3, 4],
    ]);
  });

  it("gives every candidate the same score with baselines and without", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 5 }), (n, m, orders) => {
        const options = { ...seen, orders };
        const alone = planPasses(itemOf(n), options);
        const beside = planPasses(itemOf(n, m), options);
        const joined = beside.join(scoresOf(beside.passes, { level: 3, slot: 0.5 }));
        assert.equal(joined.scores.length, n + m);
        assert.deepEqual(joined.scores.slice(0, n), alone.join(scoresOf(alone.passes, { level: 3, slot: 0.5 })).scores);
      }),
    );
  });

  it("shows every pass no more than it takes, and every candidate to a pass", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 9 }), fc.constantFrom(seen, unseen), (n, m, options) => {
        const { passes } = planPasses(itemOf(n, m), options);
        for (const members of passes) assert.ok(members.length <= options.most && new Set(members).size === members.length);
        assert.deepEqual(
          [...new Set(passes.flat())].sort((a, b) => a - b),
          [...Array(n + m).keys()],
        );
      }),
    );
  });
});

describe("join(scores)", () => {
  it("brings several passes, and baselines, to the level of the first", () => {
    const { passes, join } = planPasses(itemOf(7, 2), { ...seen, anchors: 2 });
    const { scores } = join(scoresOf(passes, { level: 100 }));
    for (const [index, score] of scores.entries()) assert.ok(Math.abs(score - index ** 2) < 1e-9, `${index}: ${score}`);
  });

  it("takes the scores of a single pass as they are", () => {
    const { join } = planPasses(itemOf(3), seen);
    assert.deepEqual(join([[0.1, 0.2, 0.3]]), { scores: [0.1, 0.2, 0.3], orderSpreads: undefined });
  });

  it("averages what slots add out, and says how far the order moved each", () => {
    const { passes, join } = planPasses(itemOf(3), { ...seen, orders: 3 });
    const { scores, orderSpreads } = join(scoresOf(passes, { slot: 1 }));
    assert.deepEqual(scores, [1, 2, 5]);
    assert.deepEqual(orderSpreads, [2, 2, 2]);
  });
});
