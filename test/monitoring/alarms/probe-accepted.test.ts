import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProbeClaim } from "../../../src/domain/probe.ts";
import { probesAccepted } from "../../../src/monitoring/alarms/probe-accepted.ts";
import type { ProbeRounds } from "../../../src/monitoring/probe-board.ts";
import { ALARM_LIMITS, randomOf } from "../../support/run-stream.ts";

const BELOW: ProbeClaim = { claim: "below", bound: 1 };
const HONEST: ProbeClaim = { claim: "notAboveHonest" };
const MEDIAN: ProbeClaim = { claim: "notAboveMedian" };
const RUN = { sorted: Float64Array.from({ length: 500 }, (_, i) => i), effective: 500 };

const probe = (id: string, claim: ProbeClaim, scores: number[], honest: number[] = []): ProbeRounds => ({ id, claim, scores, honest });
const accepted = (probes: ProbeRounds[], run?: typeof RUN) => probesAccepted(probes, run, ALARM_LIMITS)?.accepted;

describe("probesAccepted", () => {
  it("says nothing before a second round, which shows whether the judge repeats itself", () => {
    assert.equal(probesAccepted([probe("a", BELOW, [5])], undefined, ALARM_LIMITS), undefined);
    assert.deepEqual(accepted([probe("a", BELOW, [5, 5])]), ["a"]);
  });

  it("takes a number that is reached for accepted, and an honest answer that is passed but not one that is met", () => {
    assert.deepEqual(accepted([probe("at", BELOW, [1, 1]), probe("under", BELOW, [0.99, 0.99])]), ["at"]);
    const compared = [
      probe("above", HONEST, [2, 2], [1, 1]),
      probe("same", HONEST, [1, 1], [1, 1]),
      probe("under", HONEST, [0, 0], [1, 1]),
    ];
    assert.deepEqual(accepted(compared), ["above"]);
  });

  it("ranks a probe in the run, and wants more than the median by what chance does to it", () => {
    assert.equal(accepted([probe("a", MEDIAN, [400, 400])]), undefined);
    const found = probesAccepted(
      [probe("high", MEDIAN, [400, 400]), probe("near", MEDIAN, [270, 270]), probe("low", MEDIAN, [10, 10])],
      RUN,
      ALARM_LIMITS,
    );
    assert.deepEqual(found, { checked: 3, past: 2, accepted: ["high"] });
    // Of scores that are as good as 30 independent ones nothing can be said.
    assert.deepEqual(accepted([probe("high", MEDIAN, [499, 499])], { ...RUN, effective: 30 }), []);
  });

  it("names those that are furthest past their claim first, and forgets rounds that are long past", () => {
    assert.deepEqual(accepted([probe("a", BELOW, [2, 2]), probe("b", BELOW, [4, 4]), probe("c", BELOW, [3, 3])]), ["b", "c", "a"]);
    assert.deepEqual(accepted([probe("a", BELOW, [...Array(20).fill(1.0002), 0.9999, 0.9999, 0.9999, 0.9999])]), []);
  });

  it("waits until a noisy judge's noise is known, and then wants more than the noise can do", () => {
    const noisy = (mean: number, rounds: number) => Array.from({ length: rounds }, (_, i) => mean + (i % 2 === 0 ? 0.5 : -0.5));
    assert.equal(accepted([probe("a", BELOW, noisy(9, 10))]), undefined);
    assert.deepEqual(accepted([probe("a", BELOW, noisy(9, 22)), probe("b", BELOW, noisy(2, 22))]), ["a"]);
  });

  it("of a judge whose noise reaches the claim every other time, raises nothing over 2,000 rounds", () => {
    const { normal } = randomOf(7);
    const histories = Array.from({ length: 20 }, () => [] as number[]);
    let raised = 0;
    for (let round = 0; round < 2000; round++) {
      for (const history of histories) {
        history.push(1 + normal() / 5);
        if (history.length > 25) history.shift();
      }
      raised += accepted(histories.map((scores, i) => probe(`${i}`, BELOW, scores)))?.length ?? 0;
    }
    assert.equal(raised, 0);
  });
});
