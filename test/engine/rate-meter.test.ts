import assert from "node:assert/strict";
import { test } from "node:test";
import { createRateMeter } from "../../src/engine/rate-meter.ts";

test("the rate is unknown until eight pieces of work and a tenth of a second have shown it", () => {
  const meter = createRateMeter();
  meter.busy(1_000);
  meter.completed(5, 3_000);
  assert.equal(meter.perMs(), 0, "one piece that met a cold start");
  for (let piece = 2; piece <= 7; piece++) meter.completed(5, 3_000 + piece);
  assert.equal(meter.perMs(), 0);
  meter.completed(5, 3_010);
  assert.ok(meter.perMs() > 0);

  const quick = createRateMeter();
  quick.busy(0);
  for (let piece = 1; piece <= 99; piece++) quick.completed(5, piece);
  assert.equal(quick.perMs(), 0);
  for (let piece = 100; piece <= 110; piece++) quick.completed(5, piece);
  assert.ok(Math.abs(quick.perMs() - 5) < 0.05, `${quick.perMs()}`);
});

test("time without work does not look like slowness", () => {
  const meter = createRateMeter();
  meter.busy(0);
  for (let piece = 1; piece <= 20; piece++) meter.completed(50, piece * 10);
  meter.busy(3_600_000);
  meter.completed(50, 3_600_010);
  assert.ok(Math.abs(meter.perMs() - 5) < 0.05, `${meter.perMs()}`);
});

test("a rate that has changed is believed within some tens of seconds", () => {
  const meter = createRateMeter();
  meter.busy(0);
  for (let second = 1; second <= 60; second++) meter.completed(10_000, second * 1_000);
  for (let second = 61; second <= 90; second++) meter.completed(1_000, second * 1_000);
  assert.ok(meter.perMs() > 1 && meter.perMs() < 1.6, `${meter.perMs()}`);
});
