import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { groupLikelihood, likelihoodOf, promptEcho } from "../../../src/judges/rules/likelihood.ts";

const throws = (run: () => unknown, reason: string) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);

describe("likelihoods", () => {
  for (const [name, read] of Object.entries({ likelihoodOf, groupLikelihood, promptEcho })) {
    it(`${name} refuses an empty list, NaN and an infinity`, () => {
      throws(() => read([]), "JUDGE_OUTPUT_UNREADABLE");
      throws(() => read([-1, Number.NaN]), "SCORE_NOT_FINITE");
      throws(() => read([-1, -Infinity]), "SCORE_NOT_FINITE");
    });
  }

  it("of a group do not underflow where probabilities do", () => {
    const { logMeanExp, leaveOneOut } = groupLikelihood([-5000, -5000]);
    assert.equal(logMeanExp, -5000);
    assert.deepEqual(leaveOneOut, [-5000, -5000]);
  });
});
