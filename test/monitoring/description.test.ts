import assert from "node:assert/strict";
import { test } from "node:test";
import { describeWindow } from "../../src/monitoring/description.ts";
import { ScoreWindow } from "../../src/monitoring/score-window.ts";
import { spearman } from "../../src/reward/correlation.ts";
import { moments } from "../../src/reward/moments.ts";
import { type StreamShape, streamOf } from "../support/run-stream.ts";

const ITEMS = 500;
const STREAMS = 200;

/** Descriptions of many windows of one stream each, and all scores of the last. */
function windowsOf(shape: StreamShape) {
  return Array.from({ length: STREAMS }, (_, seed) => {
    const stream = streamOf(seed + 1);
    const window = new ScoreWindow(ITEMS, 0);
    const scores: number[] = [];
    const lengths: number[] = [];
    for (let i = 0; i < ITEMS; i++) {
      const { id, lengths: own, members } = stream.next(shape).items[0]!;
      window.add({ facts: { id }, scores: members[0]!.scores, lengths: own });
      scores.push(...(members[0]!.scores as number[]));
      lengths.push(...own);
    }
    return { description: describeWindow(window.sample()), scores, lengths };
  });
}

test("describeWindow(sample) gives the mean, the spread and the rank correlation of all scores", () => {
  const { description, scores, lengths } = windowsOf({ candidates: 4, length: 0.5 })[0]!;
  const { mean, std } = moments(scores, 1);
  assert.ok(Math.abs(description.mean - mean) < 1e-12);
  assert.ok(Math.abs(description.std - std) < 1e-12);
  assert.ok(Math.abs(description.length!.rho - spearman(scores, lengths)!) < 1e-12);
  assert.deepEqual([description.items, description.scores], [ITEMS, 4 * ITEMS]);
});

const SHAPES: readonly [string, StreamShape][] = [
  ["independent items", {}],
  ["alike candidates", { candidates: 4, prompt: 0.7 }],
  ["alike neighbours", { repeats: 5, prompt: 0.7 }],
  ["skewed scores that follow length", { shape: (x) => Math.exp(x / 2), length: 0.6 }],
];
for (const [name, shape] of SHAPES) {
  test(`standard errors are what windows of one stream differ by: ${name}`, () => {
    const descriptions = windowsOf(shape).map(({ description }) => description);
    const compare = (values: number[], errors: number[]) => moments(errors, 0).mean / moments(values, 1).std;
    const ratios = [
      compare(
        descriptions.map(({ mean }) => mean),
        descriptions.map(({ meanError }) => meanError),
      ),
      compare(
        descriptions.map(({ std }) => Math.log(std)),
        descriptions.map(({ logStdError }) => logStdError),
      ),
      compare(
        descriptions.map(({ length }) => Math.atanh(length!.rho)),
        descriptions.map(({ length }) => length!.fisherError),
      ),
    ];
    for (const ratio of ratios) assert.ok(ratio > 0.8 && ratio < 1.6, ratios.join());
  });
}

test("a window whose scores or lengths do not vary has no correlation and says that it has no spread", () => {
  const window = new ScoreWindow(10, 0);
  for (let i = 0; i < 10; i++) window.add({ facts: { id: `${i}` }, scores: [1], lengths: [i] });
  const description = describeWindow(window.sample());
  assert.deepEqual([description.std, description.length, description.logStdError], [0, undefined, Infinity]);
});
