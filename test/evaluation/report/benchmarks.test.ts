import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { benchmarks } from "../../../src/evaluation/report/benchmarks.ts";
import { scoreTies } from "../../../src/evaluation/ties.ts";
import { scoredByPanel, scoredPair, scoredRow } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

const of = (subset: string, right: number, all: number) =>
  Array.from({ length: all }, (_, i) => scoredPair(i < right ? 1 : 0, 0.5, { subset }));

describe("benchmarks", () => {
  it("is silent on files that hold none", () => assert.deepEqual(benchmarks(scoredByPanel(of("helpful-base", 3, 4))), []));

  it("scores the sections of RewardBench, with prior sets only where all four were run", () => {
    const rows = [...of("mt-bench-hard", 1, 1), ...of("llmbar-natural", 0, 1), ...of("math-prm", 1, 2)];
    const [{ rewardBench }] = benchmarks(scoredByPanel(rows)) as [ReturnType<typeof benchmarks>[number]];
    assert.ok(close(rewardBench!.sections["Chat Hard"]!, 37 / 137, 1e-12));
    assert.ok(close(rewardBench!.overall, (37 / 137 + 0.5) / 2, 1e-12));
    const priors = ["anthropic_helpful", "anthropic_hhh", "shp", "summarize"].flatMap((subset, i) => of(subset, i, 4));
    const [some] = benchmarks(scoredByPanel([...rows, ...priors.slice(0, 8)]));
    assert.equal(some!.rewardBench!.overall, rewardBench!.overall);
    const [all] = benchmarks(scoredByPanel([...rows, ...priors]));
    assert.ok(close(all!.rewardBench!.overall, (37 / 137 + 0.5 + 0.5 * 0.375) / 2.5, 1e-12));
  });

  it("scores difficulty of style, a tie being wrong", () => {
    const rows = [...of("chat-hard", 1, 4), scoredPair(1, 1, { subset: "chat-hard" }), ...of("chat-easy", 2, 2)];
    const [{ difficulty }] = benchmarks(scoredByPanel(rows)) as [ReturnType<typeof benchmarks>[number]];
    assert.deepEqual(difficulty!.domains, [{ domain: "chat", easy: { n: 2, accuracy: 1 }, hard: { n: 5, accuracy: 0.2 }, mean: 0.6 }]);
    assert.deepEqual([difficulty!.easy, difficulty!.hard, difficulty!.overall], [1, 0.2, 0.6]);
  });

  it("scores ties over prompts that have both variants", () => {
    const row = (id: string, ratings: number[], scores: number[]) => scoredRow({ type: "ranked", ratings }, scores, { id, subset: "Ties" });
    const rows = [
      row("ref:1", [1, 0, 0], [5, 2, 1]),
      row("tied:1", [1, 1, 1, 0, 0], [4, 4.5, 5, 2, 1]),
      row("ref:2", [1, 0], [3, 3.5]),
      row("tied:2", [1, 1, 0, 0], [2, 3, 1.8, 0.5]),
      row("ref:3", [1, 0], [1, 0]),
    ];
    const [{ ties }] = benchmarks(scoredByPanel(rows)) as [ReturnType<typeof benchmarks>[number]];
    const expected = scoreTies([
      { single: { right: [5], wrong: [2, 1] }, tied: { right: [4, 4.5, 5], wrong: [2, 1] } },
      { single: { right: [3], wrong: [3.5] }, tied: { right: [2, 3], wrong: [1.8, 0.5] } },
    ]);
    assert.deepEqual(ties, { prompts: 2, ...expected });
  });
});
