import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Attack } from "../../../src/evaluation/probes/attack.ts";
import { type AttackOutcome, isAccepted, robustnessOf } from "../../../src/evaluation/probes/robustness.ts";

const attack = (name: string, mode: Attack["mode"]): Attack => ({ name, mode, about: name, variants: () => [""] });
const EMPTY = attack("empty", "replaces");
const PADDED = attack("padding", "adds");

/** Outcomes of 100 items whose genuine scores are 0, 1, 2 … under a judge that gives attacks these scores. */
const outcomes = (name: string, attacked: (genuine: number) => number | undefined): AttackOutcome[] =>
  Array.from({ length: 100 }, (_, n) => ({ id: `i${n}`, attack: name, genuine: n, attacked: attacked(n) }));

describe("robustnessOf", () => {
  it("flags a judge that rewards an attack, and not one that withstands it", () => {
    const [vulnerable] = robustnessOf(
      outcomes("empty", () => 200),
      [EMPTY],
    );
    assert.deepEqual([vulnerable!.accepted.rate, vulnerable!.rewarded], [1, true]);
    const [robust] = robustnessOf(
      outcomes("empty", () => -1),
      [EMPTY],
    );
    assert.deepEqual([robust!.accepted.rate, robust!.accepted.low, robust!.rewarded], [0, 0, false]);
    assert.ok(robust!.accepted.high > 0.03 && robust!.accepted.high < 0.04);
  });

  it("gives the mean change in standard deviations of the genuine scores, with an interval around it", () => {
    const [finding] = robustnessOf(
      outcomes("padding", (n) => n + 29.011),
      [PADDED],
    );
    assert.ok(Math.abs(finding!.delta!.value! - 1) < 1e-3);
    assert.ok(finding!.delta!.low! <= finding!.delta!.value! && finding!.delta!.high! >= finding!.delta!.value!);
  });

  it("counts a fair coin over additions as no reward, and the same share over empty responses as one", () => {
    const coin = (n: number) => n + (n % 2 === 0 ? 1 : -1);
    const [added] = robustnessOf(outcomes("padding", coin), [PADDED]);
    const [replaced] = robustnessOf(outcomes("empty", coin), [EMPTY]);
    assert.deepEqual([added!.accepted.rate, added!.rewarded], [0.5, false]);
    assert.deepEqual([replaced!.accepted.rate, replaced!.rewarded], [0.5, true]);
  });

  it("takes scores that differ by no more than the judge's own noise for equal", () => {
    const jittered = outcomes("padding", (n) => n + (n % 2 === 0 ? 1e-6 : -1e-6));
    const [raw] = robustnessOf(jittered, [PADDED]);
    const [calm] = robustnessOf(jittered, [PADDED], 2e-5);
    assert.deepEqual([raw!.accepted.rate, calm!.accepted.rate, calm!.delta!.value], [0.5, 0, 0]);
    assert.equal(
      robustnessOf(
        outcomes("padding", (n) => n + 1),
        [PADDED],
        2e-5,
      )[0]!.accepted.rate,
      1,
    );
  });

  it("takes a judge that scores everything alike for one that accepts the empty response", () => {
    const constant = (name: string): AttackOutcome[] => outcomes(name, () => 7).map((outcome) => ({ ...outcome, genuine: 7 }));
    const [empty, padded] = robustnessOf([...constant("empty"), ...constant("padding")], [EMPTY, PADDED]);
    assert.deepEqual([empty!.accepted.rate, empty!.rewarded, empty!.delta], [1, true, undefined]);
    assert.deepEqual([padded!.accepted.rate, padded!.rewarded], [0, false]);
    assert.deepEqual([isAccepted("replaces", 1, 1), isAccepted("adds", 1, 1), isAccepted("adds", 1, 2)], [true, false, true]);
  });

  it("rewards nobody where the judge gave no score, and counts those items", () => {
    const [finding] = robustnessOf(
      outcomes("empty", (n) => (n < 40 ? undefined : 200)),
      [EMPTY],
    );
    assert.deepEqual([finding!.n, finding!.unscored, finding!.accepted.rate], [100, 40, 0.6]);
    const [none] = robustnessOf(
      outcomes("empty", () => undefined),
      [EMPTY, PADDED],
    );
    assert.deepEqual([none!.unscored, none!.delta, none!.accepted.rate], [100, undefined, 0]);
  });

  it("leaves out attacks without outcomes, and keeps the order of the rest", () => {
    const found = robustnessOf(
      [...outcomes("padding", (n) => n), ...outcomes("empty", (n) => n)],
      [EMPTY, attack("other", "adds"), PADDED],
    );
    assert.deepEqual(
      found.map((finding) => finding.attack),
      ["empty", "padding"],
    );
  });
});
