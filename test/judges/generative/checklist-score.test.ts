import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { type Answer, scoreChecklist } from "../../../src/judges/generative/checklist-score.ts";
import { close } from "../../support/vectors.ts";

const turn = fc.integer({ min: 1, max: 4 }).chain((items) =>
  fc.record({
    weights: fc.array(fc.double({ min: 0.1, max: 4, noNaN: true }), { minLength: items, maxLength: items }),
    steps: fc.array(fc.array(fc.option(fc.boolean()), { minLength: items, maxLength: items }), { maxLength: 4 }),
  }),
);
const turns = fc.array(turn, { minLength: 1, maxLength: 4 });

describe("scoreChecklist", () => {
  it("stays within [0, 1], ignores the order of steps and the unit of weights, and averages its turns", () => {
    fc.assert(
      fc.property(turns, (list) => {
        const scored = scoreChecklist(list);
        const turned = scoreChecklist(
          list.map(({ weights, steps }) => ({ weights: weights.map((w) => 2 * w), steps: steps.toReversed() })),
        );
        for (const [i, score] of scored.turns.entries()) {
          if (score === null) assert.equal(turned.turns[i], null);
          else assert.ok(score >= 0 && score <= 1 + 1e-12 && close(turned.turns[i]!, score, 1e-12));
        }
        if (scored.turns.includes(null)) assert.equal(scored.trajectory, null);
        else assert.ok(close(scored.trajectory!, (scored.turns as number[]).reduce((a, b) => a + b) / list.length, 1e-9));
      }),
    );
  });

  it("never falls when an answer turns true", () => {
    fc.assert(
      fc.property(turn, fc.nat(), fc.nat(), ({ weights, steps }, t, k) => {
        const judged = steps.map((answers) => answers.map((answer) => answer ?? false));
        if (judged.length === 0) return;
        const [step, item] = [t % judged.length, k % weights.length];
        const better = judged.with(step, judged[step]!.with(item, true));
        const score = (answers: Answer[][]) => scoreChecklist([{ weights, steps: answers }]).trajectory!;
        assert.ok(score(better) >= score(judged) - 1e-12);
      }),
    );
  });

  it("leaves out an item that was not judged, unless it held at another step", () => {
    const { turns: scores, unjudged } = scoreChecklist([
      {
        weights: [1, 1, 2],
        steps: [
          [true, null, null],
          [false, false, true],
        ],
      },
    ]);
    assert.deepEqual([scores, unjudged], [[1], 1]);
    const none = scoreChecklist([
      { weights: [1], steps: [[null]] },
      { weights: [1], steps: [[true]] },
    ]);
    assert.deepEqual([none.turns, none.trajectory, none.unjudged], [[null, 1], null, 1]);
  });

  it("gives a turn nothing without an item that it must pass, and no score while that is open", () => {
    const turnOf = (answers: Answer[]) => scoreChecklist([{ weights: [1, 3], mustPass: [true, false], steps: [answers] }]).turns[0];
    assert.deepEqual([turnOf([false, true]), turnOf([null, true]), turnOf([true, false])], [0, null, 0.25]);
  });

  it("has no trajectory without turns, and gives a turn without steps 0", () => {
    assert.equal(scoreChecklist([]).trajectory, null);
    assert.deepEqual(scoreChecklist([{ weights: [1], steps: [] }]).turns, [0]);
  });

  it("refuses answers that do not fit and weights that weigh nothing", () => {
    for (const wrong of [
      { weights: [1, 1], steps: [[true]] },
      { weights: [0], steps: [] },
      { weights: [], steps: [] },
      { weights: [2, -1], steps: [] },
      { weights: [Number.NaN], steps: [] },
    ])
      assert.throws(
        () => scoreChecklist([wrong]),
        (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID",
      );
  });
});
