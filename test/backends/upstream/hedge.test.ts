import assert from "node:assert/strict";
import { test } from "node:test";
import { createHedgePolicy } from "../../../src/backends/upstream/hedge.ts";

test("a call takes long when it lasts longer than 95 % of the last 200 did, and no less than 10 ms", () => {
  const hedge = createHedgePolicy();
  for (let n = 0; n < 19; n++) hedge.lasted(1_000);
  assert.equal(hedge.delayMs, undefined);
  hedge.lasted(1_000);
  assert.equal(hedge.delayMs, 1_000);
  for (let ms = 1; ms <= 200; ms++) hedge.lasted(ms);
  assert.equal(hedge.delayMs, 190);
  for (let n = 0; n < 200; n++) hedge.lasted(2);
  assert.equal(hedge.delayMs, 10);
});

test("one call in twenty is made twice at most, however many take long; calm times save up for ten", () => {
  const hedge = createHedgePolicy();
  let extra = 0;
  for (let n = 0; n < 1_000; n++) {
    hedge.began();
    if (hedge.take()) extra++;
  }
  assert.equal(extra, 50);
  for (let n = 0; n < 10_000; n++) hedge.began();
  let burst = 0;
  while (hedge.take()) burst++;
  assert.equal(burst, 10);
});
