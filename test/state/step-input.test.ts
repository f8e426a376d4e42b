import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import type { StepInput } from "../../src/domain/state.ts";
import { defineState, stateSchema } from "../../src/state/kinds/index.ts";
import { checkInput, MAX_NUMBERS } from "../../src/state/step-input.ts";

const define = (written: object) => defineState(stateSchema.parse(written));
const multipliers = define({ kind: "multipliers", judges: { b: { threshold: 0 }, a: { threshold: 0 } } });
const scales = define({ kind: "runningScale", judges: ["a", "b"] });
const tracker = define({ kind: "quantileTracker", share: 1 });

describe("what a step reports", () => {
  it("comes out with judges in the order of the configuration, the missing left out, and without negative zero", () => {
    assert.equal(JSON.stringify(checkInput("s", multipliers, { meanRewards: { a: 1, b: -0 } })), '{"b":0,"a":1}');
    assert.ok(Object.is((checkInput("s", multipliers, { meanRewards: { b: -0 } }) as { b: number }).b, 0));
    assert.deepEqual(checkInput("s", multipliers, { meanRewards: { a: null } }), {});
    assert.deepEqual(checkInput("s", scales, { scores: { b: [1, 2], a: [] }, meanRewards: {} }), { b: [1, 2] });
    assert.deepEqual(checkInput("s", tracker, { bundleScores: [3, -1] }), [3, -1]);
  });

  const refused: readonly [what: string, state: typeof tracker, input: StepInput, field: string, says: RegExp][] = [
    ["nothing", multipliers, {}, "meanRewards", /a step of kind multipliers reports it/],
    ["an empty list", tracker, { bundleScores: [] }, "bundleScores", /reports it/],
    ["the field of another kind", multipliers, { losses: { a: 1 } }, "losses", /kind multipliers; report meanRewards instead/],
    ["two fields", scales, { scores: { a: [1] }, bundleScores: [1] }, "bundleScores", /report scores instead/],
    ["a judge that the state does not cover", scales, { scores: { c: [1] } }, "scores", /does not cover; it covers: a, b/],
    ["a name of Object.prototype", scales, { scores: { toString: [1] } }, "scores", /does not cover/],
    ["NaN", multipliers, { meanRewards: { a: Number.NaN } }, "meanRewards.a", /not a finite number/],
    ["an infinity", scales, { scores: { a: [0, Number.NEGATIVE_INFINITY] } }, "scores.a[1]", /not a finite number/],
    ["an infinity in a list", tracker, { bundleScores: [Number.POSITIVE_INFINITY] }, "bundleScores[0]", /not a finite number/],
  ];
  for (const [what, state, input, field, says] of refused) {
    it(`is refused when it is ${what}`, () => {
      assert.throws(
        () => checkInput("s", state, input),
        (error) =>
          error instanceof GatewayError && error.reason === "REQUEST_INVALID" && error.details.field === field && says.test(error.message),
      );
    });
  }

  it("is refused when it is too much, whatever judges it is spread over", () => {
    const half = Array.from({ length: MAX_NUMBERS / 2 }, (_, i) => i);
    assert.equal(Object.keys(checkInput("s", scales, { scores: { a: half, b: half } })).length, 2);
    assert.throws(() => checkInput("s", scales, { scores: { a: half, b: [...half, 1] } }), { reason: "TOO_LARGE" });
    assert.throws(() => checkInput("s", tracker, { bundleScores: [...half, ...half, 1] }), { reason: "TOO_LARGE" });
  });
});
