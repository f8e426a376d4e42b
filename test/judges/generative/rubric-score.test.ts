import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { type RubricItem, type RubricMode, scoreRubric } from "../../../src/judges/generative/rubric-score.ts";
import { close } from "../../support/vectors.ts";

const MODES: RubricMode[] = ["gate", "weight", "lexicographic"];
const item = fc.record({
  kind: fc.constantFrom("hard" as const, "principle" as const),
  weight: fc.double({ min: 0.1, max: 5, noNaN: true }),
  met: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
});
const items = fc.array(item, { minLength: 1, maxLength: 8 });
const hard = (met: number | null): RubricItem => ({ kind: "hard", weight: 1, met });
const principle = (met: number | null, weight = 1): RubricItem => ({ kind: "principle", weight, met });
const refuses = (reason: string, run: () => unknown) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);

describe("scoreRubric", () => {
  it("stays within [0, 1], does not depend on order or on the unit of the weights, and never falls when an item is met better", () => {
    fc.assert(
      fc.property(items, fc.nat(), (list, place) => {
        for (const mode of MODES) {
          const scored = scoreRubric(list, mode);
          const turned = scoreRubric(list.map((one) => ({ ...one, weight: 3 * one.weight })).toReversed(), mode);
          assert.equal(turned.outcome, scored.outcome);
          if (scored.outcome === "abstained" || turned.outcome === "abstained") continue;
          assert.ok(scored.score >= 0 && scored.score <= 1 && scored.coverage > 0 && scored.coverage <= 1 + 1e-12);
          assert.ok(close(turned.score, scored.score, 1e-9));
          const k = place % list.length;
          if (list[k]!.met === null) continue;
          const better = scoreRubric(list.with(k, { ...list[k]!, met: 1 }), mode);
          assert.ok(better.outcome === "scored" && better.score >= scored.score - 1e-12);
        }
      }),
    );
  });

  it("gives a hard rule that was not met in full no credit under the gate, and never lets it beat one that was", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.99, noNaN: true }), (quality, met) => {
        const failing = scoreRubric([hard(met), principle(1)], "gate");
        assert.ok(failing.outcome === "scored" && failing.gate === 0 && failing.score === 0);
        const [passes, fails] = [
          scoreRubric([hard(1), principle(quality)], "lexicographic"),
          scoreRubric([hard(met), principle(1)], "lexicographic"),
        ];
        assert.ok(passes.outcome === "scored" && fails.outcome === "scored" && passes.score >= fails.score);
      }),
    );
  });

  it("abstains on a hard rule that was not judged, and when no principle was; other gaps leave their weight to the rest", () => {
    for (const mode of MODES) {
      assert.equal(scoreRubric([hard(null), principle(1)], mode).outcome, "abstained");
      assert.equal(scoreRubric([hard(1), principle(null)], mode).outcome, "abstained");
    }
    const partial = scoreRubric([hard(1), principle(0.5), principle(null, 2)], "gate");
    assert.ok(partial.outcome === "scored" && partial.quality === 0.5 && partial.coverage === 0.5);
    const rulesOnly = scoreRubric([hard(1)], "gate");
    assert.ok(rulesOnly.outcome === "scored" && rulesOnly.quality === 1 && rulesOnly.score === 1);
  });

  it("lets a hard rule count by its weight alone where weights are the mode, and a principle without one for nothing", () => {
    const scoreOf = (...list: RubricItem[]) => {
      const scored = scoreRubric(list, "weight");
      return scored.outcome === "scored" ? scored.score : scored.outcome;
    };
    assert.equal(scoreOf(hard(0), principle(1, 3)), 0.75);
    assert.equal(scoreOf(hard(0), principle(1, 0)), 0);
    assert.equal(scoreOf({ ...hard(0), weight: 0 }, principle(1)), 1);
    assert.equal(scoreOf({ ...hard(1), weight: 0 }, principle(null), principle(1, 0)), "abstained");
  });

  it("refuses a rubric that weighs nothing and numbers out of range", () => {
    refuses("REQUEST_INVALID", () => scoreRubric([], "gate"));
    refuses("REQUEST_INVALID", () => scoreRubric([principle(1, 0)], "gate"));
    refuses("REQUEST_INVALID", () => scoreRubric([principle(1, -1), principle(1, 3)], "gate"));
    refuses("REQUEST_INVALID", () => scoreRubric([principle(1.5)], "gate"));
    refuses("REQUEST_INVALID", () => scoreRubric([principle(-0.5)], "gate"));
    refuses("SCORE_NOT_FINITE", () => scoreRubric([principle(Number.NaN)], "gate"));
  });
});
