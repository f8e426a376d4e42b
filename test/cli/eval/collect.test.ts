import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { collectScores, exitBy, hasLabels } from "../../../src/cli/eval/collect.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { type TestGateway, writeGateway } from "../../support/gateway.ts";
import { jsonLines } from "../../support/json-lines.ts";
import { labelledPairs } from "../../support/labelled-file.ts";
import { PROVENANCE, scoredByPanel, scoredPair } from "../../support/scored-rows.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway();
});
after(() => tiny.remove());

const collect = async (paths: readonly string[], signal: AbortSignal) => {
  const config = await loadConfig({ file: tiny.config, variables: {} });
  return collectScores({ paths, config, panel: "chat", limit: undefined, withText: false, interruption: { signal, stop: () => {} } });
};

describe("collectScores", () => {
  it("keeps scores, lengths and labels of a row, and no text", async () => {
    const file = tiny.folder.write("pairs.jsonl", jsonLines([{ ...labelledPairs(1)[0], chosen: "good good fine", rejected: "bad" }]));
    const { scored } = await collect([file], new AbortController().signal);
    const [row] = scored.rows;
    assert.deepEqual([row!.lengths, row!.labels, row!.subset, row!.language], [[3, 1], { type: "pair" }, "chat-easy", "de"]);
    assert.ok(scored.scorers.length === 6 && row!.scores.length === 6 && row!.scores.flat().every(Number.isFinite));
    assert.doesNotMatch(JSON.stringify(row), /good|bad/);
  });

  it("tells rows of equal prompts from others, over files of one name", async () => {
    const [pair, other] = labelledPairs(2);
    const files = ["a/pairs.jsonl", "b/pairs.jsonl"].map((name) => tiny.folder.write(name, jsonLines([pair!, other!])));
    const { scored } = await collect(files, new AbortController().signal);
    const [first, second, again] = scored.rows;
    assert.deepEqual([first!.prompt === again!.prompt, first!.prompt === second!.prompt], [true, false]);
    assert.deepEqual([first!.file, again!.file], files);
  });

  it("ends early and says so when it is interrupted", async () => {
    const file = tiny.folder.write("many.jsonl", jsonLines(labelledPairs(50)));
    const { scored, provenance } = await collect([file], AbortSignal.abort());
    assert.deepEqual([provenance.complete, scored.rows.length], [false, 0]);
    assert.equal(hasLabels(scored, provenance), false);
  });
});

describe("hasLabels and exitBy", () => {
  it("refuse a file without labels, and let a report of part of one pass", () => {
    assert.throws(() => hasLabels(scoredByPanel([]), { complete: true }), /no record with labels/);
    assert.equal(hasLabels(scoredByPanel([scoredPair(1, 0)]), { complete: false }), true);
  });

  it("exit with 130 for an interruption before 4 for records without a reward", () => {
    const codes: number[] = [];
    const failing = { ...PROVENANCE.counts, failed: ["a"] };
    for (const run of [
      { complete: true, counts: PROVENANCE.counts },
      { complete: true, counts: failing },
      { complete: false, counts: failing },
    ]) {
      let code = 0;
      exitBy([run], (given) => {
        code = given;
      });
      codes.push(code);
    }
    assert.deepEqual(codes, [0, 4, 130]);
  });
});
