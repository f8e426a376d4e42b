import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLabelTally, showReport } from "../../../src/cli/score/report.ts";

const COUNTS = { records: 4, candidates: 8, tokens: 80, cachedScores: 1, seconds: 2, resumed: 0, again: 0, failed: [] };

describe("label report", () => {
  it("counts pairs, ties as half, and what the longer text would have got", () => {
    const tally = createLabelTally();
    const add = (candidates: [string, string], rewards: [number, number]) => tally.add({ labels: { type: "pair" }, candidates }, rewards);
    add(["long one", "short"], [2, 1]);
    add(["a", "bb"], [1, 1]);
    add(["a", "bb"], [0, 1]);
    add(["cc", "dd"], [3, 1]);
    const { pair, ranked, rated } = tally.report();
    assert.equal(pair!.accuracy, 2.5 / 4);
    assert.equal(pair!.ties, 1);
    assert.equal(pair!.longerWins, 1.5 / 4);
    assert.ok(pair!.interval.low > 0.2 && pair!.interval.high < 0.95);
    assert.equal(ranked, undefined);
    assert.deepEqual(rated, []);
  });

  it("leaves out a record with a candidate that has no reward", () => {
    const tally = createLabelTally();
    tally.add({ labels: { type: "pair" }, candidates: ["a", "b"] }, [1, undefined]);
    assert.equal(tally.report().pair, undefined);
  });

  it("compares within groups, over pairs with different ratings", () => {
    const tally = createLabelTally();
    tally.add({ labels: { type: "ranked", ratings: [2, 1, 1] }, candidates: ["aaa", "bb", "c"] }, [5, 4, 6]);
    tally.add({ labels: { type: "ranked", ratings: [1, 1] }, candidates: ["a", "b"] }, [1, 2]);
    tally.add({ labels: { type: "ranked", ratings: [0, 1] }, candidates: ["aaa", "b"] }, [1, 2]);
    const { ranked } = tally.report();
    assert.deepEqual([ranked!.items, ranked!.pairs, ranked!.accuracy, ranked!.longerWins], [2, 3, 2 / 3, 2 / 3]);
  });

  it("counts ties as half within groups too, and in their interval", () => {
    const tally = createLabelTally();
    for (const rewards of [
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 2],
    ])
      tally.add({ labels: { type: "ranked", ratings: [1, 2] }, candidates: ["a", "b"] }, rewards);
    const { accuracy, ties, interval } = tally.report().ranked!;
    assert.deepEqual([accuracy, ties], [0.625, 3]);
    assert.ok(Math.abs((interval.low + interval.high) / 2 - 0.625) < 1e-9 && interval.high < 1, `${interval.low} ${interval.high}`);
  });

  it("is not certain of a few groups that are all right", () => {
    const tally = createLabelTally();
    for (let i = 0; i < 3; i++) tally.add({ labels: { type: "ranked", ratings: [3, 2, 1] }, candidates: ["a", "b", "c"] }, [3, 2, 1]);
    const { accuracy, interval } = tally.report().ranked!;
    assert.ok(accuracy === 1 && interval.high === 1 && interval.low < 0.5, `${interval.low}`);
  });

  it("correlates rewards and lengths with each dimension", () => {
    const tally = createLabelTally();
    for (const [reward, length, fluency, relevance] of [
      [1, 3, 1, 3],
      [2, 2, 2, 2],
      [3, 1, 3, 1],
    ] as const) {
      tally.add({ labels: { type: "rated", ratings: { fluency, relevance } }, candidates: ["x".repeat(length)] }, [reward]);
    }
    assert.deepEqual(tally.report().rated, [
      { dimension: "fluency", n: 3, spearman: 1, lengthSpearman: -1 },
      { dimension: "relevance", n: 3, spearman: -1, lengthSpearman: 1 },
    ]);
  });

  it("showReport tells rate, tokens, and the ids that failed, twenty at most", () => {
    const failed = Array.from({ length: 25 }, (_, i) => `id-${i}`);
    const text = showReport({ ...COUNTS, failed }, { rated: [] });
    assert.match(text, /8 candidates of 4 records in 2\.0 s: 4\.0 candidates\/s/);
    assert.match(text, /tokens +80 \(40\.0 tokens\/s\); 1 scores came from the cache/);
    assert.match(text, /failed +25 records: id-0, .*id-19, and 5 more$/);
  });

  it("showReport tells accuracies with their intervals, and correlations by dimension", () => {
    const interval = { low: 0.5, high: 0.75 };
    const pair = { items: 8, pairs: 8, accuracy: 0.625, interval, ties: 1, longerWins: 0.25 };
    const rated = [{ dimension: "fluency", n: 3, spearman: 0.5, lengthSpearman: undefined }];
    const text = showReport(COUNTS, { pair, ranked: { ...pair, items: 4 }, rated });
    assert.match(text, /\naccuracy +0\.6250 +\[0\.5000, 0\.7500\] of 95 %, 8 pairs, 1 ties; longer wins: 0\.2500\n/);
    assert.match(text, /\nin groups +0\.6250 .* 8 pairs in 4 items, /);
    assert.match(text, /\nfluency +3 +0\.5/);
  });

  it("showReport tells what counts of an earlier run, and what was scored again", () => {
    const text = showReport({ ...COUNTS, resumed: 6, again: 3 }, { rated: [] });
    assert.match(text, /resumed +after 6 records of an earlier run, which count below\nagain +3 of the 4 records, which had failed/);
    assert.doesNotMatch(showReport(COUNTS, { rated: [] }), /resumed|again/);
  });
});
