import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ResultRow } from "../../src/cli/score/rows.ts";
import type { Failure } from "../../src/domain/score.ts";
import { runCli, startCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { jsonLines, readJsonLines } from "../support/json-lines.ts";
import { settled } from "../support/settled.ts";

let tiny: TestGateway;
/** What records get where nothing fails. */
let good: ResultRow[];
before(async () => {
  tiny = await writeGateway({ model: { nanOnWord: true } });
  good = readJsonLines<ResultRow>((await runCli(["score", "--config", tiny.config, "-"], { input: jsonLines(pairs(40)) })).stdout);
});
after(() => tiny.remove());

const at = (name: string) => join(tiny.folder.path, name);
const score = (args: string[]) => runCli(["score", "--config", tiny.config, "--json", ...args]);
const WORDS = ["good", "bad", "fine", "the", "is", "what", "yes", "no"];
const pairs = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ id: `pair-${i}`, prompt: `${WORDS[i % 8]} ${i}` },
    ...{ chosen: `${WORDS[i % 8]} ${WORDS[(i * 3) % 8]} good`, rejected: WORDS.slice((i * 3) % 8).join(" ") },
  }));

describe("rewardgate score --resume, of records that failed", () => {
  const away: Failure = { reason: "BACKEND_UNAVAILABLE", message: "the server was away", retryable: true };

  /** A row as an outage of its judge leaves it. */
  const withoutJudge = (row: ResultRow, failure = away): ResultRow => ({
    ...row,
    candidates: row.candidates.map(() => ({ status: "failed", failure, missing: [], judges: [] })),
  });
  const rewardsOf = (rows: ResultRow[]) =>
    rows.map(({ line, candidates }) => [line, ...candidates.map(({ reward }) => reward?.toFixed(5))]);

  /** Files of records and of results of theirs. */
  function files(name: string, records: readonly object[], rows: readonly ResultRow[]) {
    const [input, output] = [at(`${name}.jsonl`), at(`${name}.out`)];
    writeFileSync(input, jsonLines(records));
    writeFileSync(output, jsonLines(rows));
    return { input, output };
  }

  it("scores them again in their places where the reason may have passed, and counts each record once", async () => {
    const forGood: Failure = { reason: "ITEM_TOO_LONG", message: "it is too long", retryable: false };
    const rows = good.slice(0, 10).map((row) => {
      if (row.line === 5) return { ...row, candidates: [], failure: away };
      return row.line === 7 ? withoutJudge(row, forGood) : [2, 3, 9].includes(row.line) ? withoutJudge(row) : row;
    });
    const { input, output } = files("again", pairs(12), rows);
    symlinkSync(output, at("again.link"));
    const { code, stdout, stderr } = await score([input, "--output", at("again.link"), "--resume"]);
    assert.equal(code, 4, stderr);
    const now = readJsonLines<ResultRow>(readFileSync(output, "utf8"));
    assert.deepEqual(rewardsOf(now), rewardsOf(good.slice(0, 12).map((row) => (row.line === 7 ? withoutJudge(row) : row))));
    assert.deepEqual([now[6], now[9]], [rows[6], rows[9]]);
    const { records, again, resumed, failed, labels } = JSON.parse(stdout);
    assert.deepEqual([records, again, resumed, failed, labels.pair.items], [6, 4, 6, ["pair-6"], 11]);
    const before = readFileSync(output);
    const nothing = JSON.parse((await score([input, "--output", output, "--resume"])).stdout);
    assert.deepEqual([nothing.records, nothing.again, nothing.failed, nothing.labels], [0, 0, ["pair-6"], labels]);
    assert.deepEqual(readFileSync(output), before);
  });

  it("keeps the result with fewer failures, and touches nothing behind --limit", async () => {
    const record = { prompt: "what", responses: ["nan", "nan", "good"], ratings: [1, 2, 3] };
    const [fine] = good[0]!.candidates;
    const fewer = { ...good[0]!, id: "line-1", candidates: [withoutJudge(good[0]!).candidates[0]!, fine!, fine!] };
    const rows = [fewer, ...good.slice(1, 3).map((row) => withoutJudge(row))];
    const { input, output } = files("fewer", [record, ...pairs(3).slice(1)], rows);
    const { code, stdout } = await score([input, "--output", output, "--resume", "--limit", "2"]);
    assert.deepEqual([code, JSON.parse(stdout).failed], [4, ["line-1"]]);
    const [first, second, ...behind] = readJsonLines<ResultRow>(readFileSync(output, "utf8"));
    assert.deepEqual([first, behind], [rows[0], [rows[2]]]);
    assert.deepEqual(rewardsOf([second!]), rewardsOf([good[1]!]));
  });

  it("leaves the output as it is where the input turns out to be another", async () => {
    const records = pairs(8).map((row, i) => (i === 7 ? { ...row, id: "other" } : row));
    const { input, output } = files(
      "other",
      records,
      good.slice(0, 8).map((row) => (row.line === 1 ? withoutJudge(row) : row)),
    );
    const before = readFileSync(output);
    const { code, stderr } = await score([input, "--output", output, "--resume"]);
    assert.deepEqual([code, /not what the output was made from/.test(stderr)], [2, true], stderr);
    assert.deepEqual(readFileSync(output), before);
    assert.equal(existsSync(`${output}.again`), false);
  });

  /** A run that has scored some records again, and is told of no more of them for now. */
  async function startAgain(name: string) {
    const made = files(
      name,
      pairs(40),
      good.map((row) => withoutJudge(row)),
    );
    const child = startCli(["score", "--config", tiny.config, "-", "--output", made.output, "--resume"]);
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    let stderr = "";
    child.stderr!.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.stdin!.on("error", () => {}).write(jsonLines(pairs(40).slice(0, 20)));
    const written = () =>
      existsSync(`${made.output}.again`) &&
      readJsonLines<ResultRow>(readFileSync(`${made.output}.again`, "utf8").replace(/[^\n]*$/, "")).length;
    await settled(
      () => child.exitCode !== null || written() === 20,
      () => stderr,
    );
    return { ...made, child, ended, stderr: () => stderr };
  }

  it("leaves the output as it was when it is killed, and the next run goes on with what it had scored", async () => {
    const { input, output, child, ended } = await startAgain("killed");
    const before = readFileSync(output);
    const second = await score([input, "--output", output, "--resume"]);
    assert.deepEqual([second.code, /another run writes to/.test(second.stderr)], [2, true], second.stderr);
    child.kill("SIGKILL");
    await ended;
    assert.deepEqual(readFileSync(output), before);
    const { code, stdout, stderr } = await score([input, "--output", output, "--resume"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual([JSON.parse(stdout).resumed, JSON.parse(stdout).again], [20, 20]);
    assert.deepEqual(rewardsOf(readJsonLines<ResultRow>(readFileSync(output, "utf8"))), rewardsOf(good));
    assert.equal(existsSync(`${output}.again`), false);
  });

  it("does not begin anew beside what a run that was killed left, unless it is told to", async () => {
    const { input, output, child, ended } = await startAgain("left");
    child.kill("SIGKILL");
    await ended;
    rmSync(output);
    const { code, stderr } = await score([input, "--output", output]);
    assert.deepEqual([code, /\.again, of a run into .* that was killed, exists; --resume/.test(stderr)], [2, true], stderr);
    assert.equal((await score([input, "--output", output, "--overwrite"])).code, 0);
    assert.equal(existsSync(`${output}.again`), false);
    assert.deepEqual(rewardsOf(readJsonLines<ResultRow>(readFileSync(output, "utf8"))), rewardsOf(good));
  });

  it("keeps what was scored again when it is interrupted", async () => {
    const { output, child, ended, stderr } = await startAgain("interrupted");
    child.kill("SIGINT");
    assert.equal(await ended, 130, stderr());
    assert.match(stderr(), /interrupted after 40 records; go on with --output .* --resume/);
    const now = readJsonLines<ResultRow>(readFileSync(output, "utf8"));
    assert.deepEqual(rewardsOf(now.slice(0, 20)), rewardsOf(good.slice(0, 20)));
    assert.deepEqual(
      now.slice(20),
      good.slice(20).map((row) => withoutJudge(row)),
    );
    assert.equal(existsSync(`${output}.again`), false);
  });
});
