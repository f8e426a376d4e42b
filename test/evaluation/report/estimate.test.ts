import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { wilson } from "../../../src/evaluation/intervals.ts";
import { accuracyOf, estimate } from "../../../src/evaluation/report/estimate.ts";
import { scoresOf } from "../../../src/evaluation/report/rows.ts";
import { mixed, scoredPair, scoredRow } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

const panel = scoresOf(0);

describe("accuracyOf", () => {
  it("of one pair a prompt has Wilson's interval; ties count one half", () => {
    const rows = [...Array.from({ length: 7 }, () => scoredPair(1, 0)), scoredPair(0, 1), scoredPair(0, 1), scoredPair(2, 2)];
    const found = accuracyOf(rows, panel)!;
    const { low, high } = wilson(7.5, 10);
    assert.deepEqual(found, { n: 10, prompts: 10, ties: 1, accuracy: 0.75, low, high, interval: "wilson" });
  });

  it("of several pairs of a prompt goes by prompts, and is then less sure", () => {
    const of = (prompts: number, each: number) =>
      Array.from({ length: prompts * each }, (_, i) => {
        const prompt = Math.floor(i / each);
        return scoredPair(prompt % 3 === 0 ? 0 : 1, 0.5, { prompt: `prompt-${prompt}` });
      });
    const [alone, together] = [accuracyOf(of(90, 1), panel)!, accuracyOf(of(30, 3), panel)!];
    assert.deepEqual([alone.interval, together.interval, together.n, together.prompts], ["wilson", "cluster", 90, 30]);
    assert.ok(together.high - together.low > 1.6 * (alone.high - alone.low));
  });

  it("compares what ratings set apart, and counts no pair with a score missing", () => {
    const ranked = scoredRow({ type: "ranked", ratings: [1, 2, 2] }, [0, 1, -1]);
    const found = accuracyOf([ranked, scoredPair(null, 1), scoredRow({ type: "rated", ratings: { a: 1 } }, [1])], panel)!;
    assert.deepEqual([found.n, found.accuracy], [2, 0.5]);
    assert.equal(accuracyOf([scoredPair(null, 1)], panel), undefined);
  });

  it("is not certain of a judge that is always right", () => {
    const rows = Array.from({ length: 8 }, (_, i) => scoredPair(1, 0, { prompt: `prompt-${i % 4}` }));
    const { accuracy, low, high } = accuracyOf(rows, panel)!;
    assert.equal(accuracy, 1);
    assert.ok(close(low, wilson(4, 4).low, 1e-12) && close(high, 1, 1e-12));
  });
});

describe("estimate", () => {
  it("puts a statistic within an interval over prompts, cut off at its bounds", () => {
    const rows = Array.from({ length: 40 }, (_, i) => scoredPair(mixed(i), 0));
    const share = (part: readonly (typeof rows)[number][]) => part.filter((row) => row.scores[0]![0]! > 0.05).length / part.length;
    const { value, low, high } = estimate(rows, share, [0, 1]);
    assert.equal(value, share(rows));
    assert.ok(low! < value! && value! <= high! && high! <= 1);
  });

  it("has no value where the statistic has none, and no interval for a few prompts", () => {
    assert.deepEqual(
      estimate([scoredPair(1, 0)], () => undefined),
      { value: null, low: null, high: null },
    );
    assert.deepEqual(
      estimate([scoredPair(1, 0), scoredPair(1, 0)], () => 3),
      { value: 3, low: null, high: null },
    );
  });
});
