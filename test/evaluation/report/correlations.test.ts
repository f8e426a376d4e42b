import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { correlations } from "../../../src/evaluation/report/correlations.ts";
import { spearman } from "../../../src/reward/correlation.ts";
import { mixed, scoredByPanel, scoredRow, scorersCalled } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

const rated = Array.from({ length: 60 }, (_, i) => {
  const prompt = i % 12;
  const fluency = mixed(i);
  // Prompts differ by more than their candidates do, and against the ratings.
  return scoredRow({ type: "rated", ratings: { fluency, relevance: mixed(i, 1) } }, [[fluency - 10 * mixed(prompt, 2)], [fluency]], {
    prompt: `prompt-${prompt}`,
    lengths: [i],
  });
});

describe("correlations", () => {
  const found = correlations({ scorers: scorersCalled("chat", "judge/fluency"), rows: rated });
  const find = (scorer: string, rating: string) => found.find((row) => row.scorer === scorer && row.rating === rating)!;

  it("correlates every scorer, objectives and length with every dimension", () => {
    const names = found.map(({ scorer, rating }) => `${scorer} ${rating}`);
    assert.deepEqual(
      names,
      ["chat", "judge/fluency", "longer"]
        .flatMap((scorer) => [`${scorer} fluency`, `${scorer} relevance`])
        .sort((a, b) => a.split(" ")[1]!.localeCompare(b.split(" ")[1]!)),
    );
    assert.deepEqual([find("judge/fluency", "fluency").spearman.value, find("judge/fluency", "fluency").kendall], [1, 1]);
    const scores = rated.map((row) => row.scores[0]![0]!);
    const ratings = rated.map(({ labels }) => (labels.type === "rated" ? labels.ratings.fluency! : Number.NaN));
    assert.equal(find("chat", "fluency").spearman.value, spearman(scores, ratings));
  });

  it("looks within prompts too, where what prompts have in common does not matter", () => {
    const { withinPrompt, spearman: pooled } = find("chat", "fluency");
    assert.deepEqual([withinPrompt!.prompts, withinPrompt!.spearman.value], [12, 1]);
    assert.ok(pooled.value! < 0.6, String(pooled.value));
    const { low, high, value } = pooled;
    assert.ok(low! < value! && value! < high!);
  });

  it("compares ranked groups within each alone, leaving out one whose ratings or scores are equal", () => {
    const ranked = (ratings: number[], scores: number[]) => scoredRow({ type: "ranked", ratings }, scores);
    const [panel] = correlations(
      scoredByPanel([ranked([1, 2, 3], [1, 2, 3]), ranked([1, 2], [2, 1]), ranked([1, 1], [1, 2]), ranked([1, 2], [5, 5])]),
    );
    assert.deepEqual([panel!.rating, panel!.n, panel!.spearman.value, panel!.pearson], ["rating", 9, null, null]);
    assert.ok(panel!.withinPrompt!.prompts === 2 && close(panel!.withinPrompt!.spearman.value!, 0, 1e-12));
  });

  it("does not mix the scales of two files", () => {
    const rows = [...rated, ...rated.map((row) => ({ ...row, file: "other.jsonl" }))];
    assert.deepEqual(
      [...new Set(correlations({ scorers: scorersCalled("chat"), rows }).map(({ file }) => file))],
      ["pairs.jsonl", "other.jsonl"],
    );
  });
});
