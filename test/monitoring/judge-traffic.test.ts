import assert from "node:assert/strict";
import { test } from "node:test";
import { psi } from "../../src/evaluation/drift.ts";
import { JudgeTraffic } from "../../src/monitoring/judge-traffic.ts";
import { pearson } from "../../src/reward/correlation.ts";
import { moments } from "../../src/reward/moments.ts";
import { randomOf } from "../support/run-stream.ts";

test("a judge's traffic is its last 1000 raw scores, and their distance from its first 1000", () => {
  const { normal, uniform } = randomOf(1);
  const scores = Array.from({ length: 2500 }, (_, i) => normal() + (i >= 1500 ? 0.5 : 0));
  const lengths = scores.map((score) => Math.round(100 * (score + 5) + 50 * uniform()));
  const traffic = new JudgeTraffic();
  for (const [i, score] of scores.slice(0, 999).entries()) traffic.add("a", score, lengths[i]!);
  assert.equal(traffic.read().get("a")!.psi, undefined);
  for (let i = 999; i < scores.length; i++) traffic.add("a", scores[i]!, lengths[i]!);
  traffic.add("b", 1, 1);
  const { mean, std, psi: moved, lengthCorrelation } = traffic.read().get("a")!;
  const last = scores.slice(-1000);
  const expected = moments(last, 1);
  assert.ok(Math.abs(mean - expected.mean) < 1e-12 && Math.abs(std - expected.std) < 1e-12);
  assert.ok(Math.abs(moved! - psi(scores.slice(0, 1000), last, { bins: 10, floor: 1e-4, minCount: 50 }).psi) < 1e-12);
  assert.ok(Math.abs(lengthCorrelation! - pearson(last, lengths.slice(-1000))!) < 1e-9);
  assert.deepEqual(traffic.read().get("b"), { mean: 1, std: 0 });
});
