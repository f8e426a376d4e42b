import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { accuracies } from "../../../src/evaluation/report/accuracy.ts";
import { scoredByPanel, scoredPair } from "../../support/scored-rows.ts";

describe("accuracies", () => {
  const rows = [
    scoredPair(1, 0, { subset: "a", language: "en", lengths: [5, 1] }),
    scoredPair(0, 1, { subset: "b", language: "de", lengths: [5, 1] }),
    scoredPair(1, 0, { subset: "b", language: "en", lengths: [1, 5] }),
    scoredPair(1, 0, { language: "sw", lengths: [1, 1] }),
  ];
  const [panel, longer] = accuracies(scoredByPanel(rows));

  it("tells how right the panel is in all, by subset and by language", () => {
    assert.deepEqual([panel!.scorer, panel!.all.n, panel!.all.accuracy], ["chat", 4, 0.75]);
    const shares = (parts: readonly { name: string; n: number; accuracy: number }[]) =>
      parts.map(({ name, n, accuracy }) => [name, n, accuracy]);
    assert.deepEqual(shares(panel!.subsets), [
      ["a", 1, 1],
      ["b", 2, 0.5],
    ]);
    assert.deepEqual(shares(panel!.languages), [
      ["en", 2, 1],
      ["de", 1, 0],
      ["sw", 1, 1],
    ]);
  });

  it("tells how far languages are behind English", () => {
    assert.deepEqual(panel!.languageGap, { pivot: "en", gap: { de: 1, sw: 0 }, worst: "de" });
  });

  it("counts a tie one half in gaps as in accuracies", () => {
    const tied = [scoredPair(1, 1, { language: "en" }), scoredPair(1, 0, { language: "de" }), scoredPair(1, 1, { language: "de" })];
    const [{ languages, languageGap }] = accuracies(scoredByPanel(tied)) as [ReturnType<typeof accuracies>[number]];
    const [en, de] = languages.map(({ accuracy }) => accuracy);
    assert.deepEqual([en, de, languageGap!.gap.de], [0.5, 0.75, en! - de!]);
  });

  it("sets the longer candidate beside it", () => {
    assert.deepEqual([longer!.scorer, longer!.all.accuracy, longer!.all.ties], ["longer", 2.5 / 4, 1]);
  });

  it("has nothing to say without comparisons, and no gap without English", () => {
    assert.deepEqual(accuracies(scoredByPanel([])), []);
    assert.equal(
      accuracies(scoredByPanel([scoredPair(1, 0, { language: "zh" }), scoredPair(1, 0, { language: "de" })]))[0]!.languageGap,
      null,
    );
  });
});
