import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bestOfNKl } from "../../../src/evaluation/best-of-n.ts";
import { bestOfCurves } from "../../../src/evaluation/report/best-of.ts";
import { mixed, scoredByPanel, scoredPair, scoredRow } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

const groups = (count: number, size: number, score: (rating: number, i: number) => number | null) =>
  Array.from({ length: count }, (_, g) => {
    const ratings = Array.from({ length: size }, (_, k) => mixed(g * 16 + k));
    return scoredRow({ type: "ranked", ratings }, ratings.map(score));
  });

describe("bestOfCurves", () => {
  it("finds that an oracle recovers all, gains what can be gained, and one against the ratings loses", () => {
    const [oracle] = bestOfCurves(scoredByPanel(groups(20, 8, (rating) => 3 * rating)));
    assert.deepEqual([oracle!.groups, oracle!.pick.recovery.value, oracle!.pick.topShare.value, oracle!.pick.regret], [20, 1, 1, 0]);
    assert.deepEqual(
      oracle!.curve.map(({ n }) => n),
      [1, 2, 3, 4, 6, 8],
    );
    for (const { n, kl, gain, oracleGain, proxyGain } of oracle!.curve) {
      assert.equal(kl, bestOfNKl(n));
      assert.ok(close(gain.value!, oracleGain, 1e-12) && close(proxyGain, 3 * gain.value!, 1e-9), `n ${n}`);
    }
    assert.ok(close(oracle!.curve[0]!.gain.value!, 0, 1e-12));
    const [contrary] = bestOfCurves(scoredByPanel(groups(20, 8, (rating) => -rating)));
    assert.ok(contrary!.curve.at(-1)!.gain.value! < -0.3 && contrary!.curve.at(-1)!.proxyGain > 0.3);
  });

  it("rests each point on the groups that are large enough, and ends where they are few", () => {
    const rows = [...groups(6, 2, (rating) => rating), ...groups(5, 4, (rating) => rating), ...groups(4, 8, (rating) => rating)];
    const [{ curve }] = bestOfCurves(scoredByPanel(rows)) as [ReturnType<typeof bestOfCurves>[number]];
    assert.deepEqual(
      curve.map(({ n, groups: own }) => [n, own]),
      [
        [1, 15],
        [2, 15],
        [3, 9],
        [4, 9],
      ],
    );
  });

  it("takes as many groups as a large file holds", () => {
    const row = scoredRow({ type: "ranked", ratings: [1, 0] }, [1, 0]);
    const [found] = bestOfCurves(scoredByPanel(Array.from({ length: 200_000 }, (_, i) => ({ ...row, prompt: String(i) }))));
    assert.deepEqual([found!.groups, found!.pick.recovery.value], [200_000, 1]);
  });

  it("shares the credit among a tie for the top", () => {
    const [found] = bestOfCurves(scoredByPanel([scoredRow({ type: "ranked", ratings: [1, 0, 0, 1] }, [5, 5, 5, 1])]));
    assert.ok(close(found!.pick.topShare.value!, 1 / 3, 1e-12));
  });

  it("leaves out groups with a missing score, and files without groups", () => {
    assert.deepEqual(bestOfCurves(scoredByPanel([...groups(3, 2, (rating, i) => (i === 0 ? null : rating)), scoredPair(1, 0)])), []);
  });
});
