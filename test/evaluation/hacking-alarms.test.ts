import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { disagreementAlarm, proxyDivergence } from "../../src/evaluation/hacking-alarms.ts";

const bounds = { mean: 0.1, std: 0.02, z: 3, ratio: 1.5 };

describe("disagreementAlarm", () => {
  it("sounds at either bound, and at neither below both", () => {
    assert.equal(disagreementAlarm(0.161, bounds).alarm, true);
    assert.equal(disagreementAlarm(0.151, { ...bounds, std: 1 }).alarm, true);
    assert.equal(disagreementAlarm(0.149, bounds).alarm, false);
    assert.equal(disagreementAlarm(0.01, bounds).alarm, false);
  });

  it("knows a baseline that does not vary, and one of 0", () => {
    assert.deepEqual(disagreementAlarm(0.1, { ...bounds, std: 0 }), { z: 0, ratio: 1, alarm: false });
    assert.equal(disagreementAlarm(0.101, { ...bounds, std: 0 }).z, Infinity);
    assert.deepEqual(disagreementAlarm(0, { ...bounds, mean: 0 }), { z: 0, ratio: 1, alarm: false });
  });
});

describe("proxyDivergence", () => {
  it("sounds only when the proxy rises while the hold-out falls", () => {
    const up = [1, 2, 3];
    const down = [3, 2, 1];
    assert.equal(proxyDivergence(up, down, 3).alarm, true);
    assert.equal(proxyDivergence(down, up, 3).alarm, false);
    assert.equal(proxyDivergence(up, up, 3).alarm, false);
    assert.equal(proxyDivergence(up, [1, 1, 1], 3).alarm, false);
  });

  it("reads the last windows alone", () => {
    assert.equal(proxyDivergence([9, 1, 2], [0, 5, 4], 2).alarm, true);
    assert.equal(proxyDivergence([9, 1, 2], [0, 5, 4], 3).alarm, false);
  });

  it("leaves out a window that either lacks, and keeps the times of the others", () => {
    const { proxySlope } = proxyDivergence([0, null, 2, 9], [3, 1, 1, null], 4);
    assert.equal(proxySlope, 1);
    assert.deepEqual(proxyDivergence([1], [1], 5), { proxySlope: 0, holdoutSlope: 0, alarm: false });
  });
});
