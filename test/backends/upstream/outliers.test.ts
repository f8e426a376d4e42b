import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutlierWatch } from "../../../src/backends/upstream/outliers.ts";
import { manualClock } from "../../support/manual-clock.ts";

/** Ends calls of an address, of every ten of which so many failed; whether it was an outlier at the last of them. */
function watchOf() {
  const clock = manualClock();
  const watch = createOutlierWatch<string>(clock);
  const calls = (address: string, count: number, failedOfTen: number) => {
    let outlier = false;
    for (let n = 0; n < count; n++) outlier = watch.record(address, n % 10 >= 10 - failedOfTen) || outlier;
    return outlier;
  };
  return { clock, watch, calls };
}

test("one that fails three calls of ten where the others fail none is an outlier, once there are enough calls", () => {
  const { calls } = watchOf();
  calls("a", 10, 0);
  calls("b", 10, 0);
  assert.equal(calls("c", 19, 3), false);
  assert.equal(calls("c", 1, 10), true);
});

test("when all fail alike none is worse, and one alone has nobody to be worse than", () => {
  const { calls } = watchOf();
  for (const address of ["a", "b", "c", "a", "b", "c"]) assert.equal(calls(address, 50, 5), false);
  assert.equal(watchOf().calls("a", 100, 10), false);
});

test("one is an outlier only by a quarter of its calls more than the others fail, of whom enough have to be known", () => {
  for (const [failedOfTen, outlier] of [
    [4, false],
    [5, true],
  ] as const) {
    const { calls } = watchOf();
    calls("a", 50, 2);
    assert.equal(calls("b", 50, failedOfTen), outlier);
  }
  const { calls } = watchOf();
  calls("a", 19, 0);
  assert.equal(calls("b", 50, 10), false);
});

test("calls of more than a minute ago do not count, nor do those of one that was forgotten", () => {
  const { calls, clock, watch } = watchOf();
  calls("a", 40, 0);
  calls("b", 30, 10);
  clock.advance(60_000);
  calls("a", 40, 0);
  assert.equal(calls("b", 19, 10), false);
  watch.forget("b");
  assert.equal(calls("b", 19, 10), false);
  assert.equal(calls("b", 1, 10), true);
});
