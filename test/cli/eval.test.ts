import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { ResultRow } from "../../src/cli/score/rows.ts";
import { evalReportSchema } from "../../src/evaluation/report/report.ts";
import { runCli, startCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { jsonLines, readJsonLines } from "../support/json-lines.ts";
import { labelledGroups, labelledPairs, ratedResponses, verifiableRows } from "../support/labelled-file.ts";
import { assertSelfContained } from "../support/static-page.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway({ model: { nanOnWord: true } });
});
after(() => tiny.remove());

const at = (name: string) => join(tiny.folder.path, name);
const run = (args: string[], input?: string) => runCli(["eval", "--config", tiny.config, ...args], input === undefined ? {} : { input });
const reportIn = (folder: string) => evalReportSchema.parse(JSON.parse(readFileSync(join(at(folder), "eval.json"), "utf8")));

describe("rewardgate eval", () => {
  it("agrees with what score says of the same gzipped file, for the panel and for each member", async () => {
    const file = tiny.folder.write("pairs.jsonl.gz", gzipSync(jsonLines(labelledPairs(40))));
    const { code, stdout, stderr } = await run([file, "--output", at("pairs")]);
    assert.equal(code, 0, stderr);
    const report = reportIn("pairs");
    const scored = await runCli(["score", "--config", tiny.config, file, "--output", at("pairs.out"), "--json"]);
    const { labels } = JSON.parse(scored.stdout);
    const accuracyOf = (scorer: string) => report.accuracy.find((row) => row.scorer === scorer)!.all;
    assert.deepEqual([accuracyOf("chat").accuracy, accuracyOf("chat").low], [labels.pair.accuracy, labels.pair.interval.low]);
    const rows = readJsonLines<ResultRow>(readFileSync(at("pairs.out"), "utf8"));
    for (const [i, name] of ["tiny-objectives", "tiny-reward"].entries()) {
      const margins = rows.map(({ candidates }) => candidates[0]!.judges[i]!.calibrated! - candidates[1]!.judges[i]!.calibrated!);
      const right = margins.reduce((total, margin) => total + (Math.sign(margin) + 1) / 2, 0);
      assert.equal(accuracyOf(name).accuracy, right / 40, name);
      assert.equal(
        report.margins.find(({ scorer }) => scorer === name)!.mean.toFixed(6),
        (margins.reduce((a, b) => a + b) / 40).toFixed(6),
      );
    }
    assert.deepEqual(
      report.accuracy[0]!.subsets.map(({ name, n }) => [name, n]),
      [
        ["chat-easy", 20],
        ["chat-hard", 20],
      ],
    );
    assert.deepEqual([report.files[0]!.name, report.files[0]!.records, report.complete], ["pairs.jsonl.gz", 40, true]);
    assert.match(report.files[0]!.sha256!, /^[0-9a-f]{64}$/);
    assert.match(stdout, /^chat on pairs\.jsonl\.gz: 80 candidates of 40 records/);
    assert.match(stdout, /^tiny-reward +0\.\d{4} +0\.\d{4} to [01]\.\d{4} +40 +0\.\d{4}$/m);
    assertSelfContained(readFileSync(join(at("pairs"), "eval.html"), "utf8"));
  });

  it("reads all schemas from several files and reports what the labels of each allow", async () => {
    const groups = tiny.folder.write("groups.jsonl", jsonLines([...labelledGroups(12), ...verifiableRows(6)]));
    const rated = tiny.folder.write("rated.jsonl", jsonLines([...ratedResponses(24), { id: "plain", prompt: "x", candidates: ["good"] }]));
    const { code, stdout, stderr } = await run([groups, rated, "--output", at("mixed"), "--json"]);
    assert.equal(code, 0, stderr);
    const report = reportIn("mixed");
    assert.deepEqual(JSON.parse(stdout), report);
    assert.equal(report.counts.unlabelled, 1);
    assert.equal(report.bestOf[0]!.groups, 18);
    const measured = new Set(report.correlations.map(({ file, rating, scorer }) => `${file} ${rating} ${scorer}`));
    for (const expected of ["rated.jsonl fluency tiny-objectives/helpfulness", "rated.jsonl relevance chat", "groups.jsonl rating chat"]) {
      assert.ok(measured.has(expected), expected);
    }
    assert.deepEqual(
      report.agreement.map(({ a, b }) => `${a} ${b}`),
      ["chat tiny-objectives", "chat tiny-reward", "tiny-objectives tiny-reward"],
    );
  });

  it("takes a failed judgement for no number: it is missing, named, and the exit code is 4", async () => {
    const rows = [...labelledPairs(6), { id: "nan", prompt: "x", chosen: "nan", rejected: "good" }];
    const file = tiny.folder.write("failing.jsonl", `${jsonLines(rows)}not json\n`);
    const { code, stdout } = await run([file, "--output", at("failing")]);
    assert.equal(code, 4);
    const report = reportIn("failing");
    assert.deepEqual(report.counts.failed, ["nan", "failing.jsonl line 8"]);
    assert.deepEqual(
      report.counts.reasons.map(({ reason, records }) => [reason, records]),
      [
        ["SCORE_NOT_FINITE", 1],
        ["REQUEST_INVALID", 1],
      ],
    );
    assert.deepEqual(
      report.scorers.filter(({ role }) => role !== "objective").map(({ missing }) => missing),
      [1, 1, 1],
    );
    assert.equal(report.accuracy[0]!.all.n, 6);
    assert.match(stdout, /failed +2 records: nan, failing\.jsonl line 8\n +1 × SCORE_NOT_FINITE: .*\n +1 × REQUEST_INVALID: not JSON/);
  });

  it("shows texts only where they are asked for", async () => {
    const secret = Array.from({ length: 4 }, (_, i) => ({
      prompt: `what is secret-prompt ${i}`,
      chosen: "bad",
      rejected: "secret-reply good yes",
    }));
    const both = [...secret, ...secret.map(({ prompt, chosen, rejected }) => ({ prompt, chosen: rejected, rejected: chosen }))];
    const file = tiny.folder.write("secret.jsonl", jsonLines(both));
    const read = (folder: string) => ["eval.json", "eval.html"].map((name) => readFileSync(join(at(folder), name), "utf8")).join();
    await run([file, "--output", at("without")]);
    assert.doesNotMatch(read("without"), /secret-/);
    await run([file, "--output", at("with"), "--with-text"]);
    assert.match(read("with"), /secret-reply/);
  });

  it("evaluates a judge alone by its name, on the first records of standard input", async () => {
    const { code, stderr } = await run(
      ["-", "--panel", "tiny-reward", "--limit", "5", "--output", at("alone")],
      jsonLines(labelledPairs(9)),
    );
    assert.equal(code, 0, stderr);
    const { scorers, files, agreement } = reportIn("alone");
    assert.deepEqual(
      scorers.map(({ name, role }) => [name, role]),
      [
        ["tiny-reward", "panel"],
        ["tiny-reward (member)", "member"],
      ],
    );
    assert.deepEqual([files, agreement], [[{ name: "standard input", records: 5, sha256: null }], []]);
  });

  /** An evaluation of a named pipe that somebody writes to. */
  async function evaluatePipe(name: string, ...args: string[]) {
    execFileSync("mkfifo", [at(name)]);
    const child = startCli(["eval", at(name), "--config", tiny.config, "--output", at(`${name}-report`), ...args]);
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    // Opens once the other end is there.
    return { child, ended, writer: await open(at(name), "w") };
  }

  it("takes no digest of a pipe, which is empty by then", async () => {
    const { ended, writer } = await evaluatePipe("pipe");
    await writer.write(jsonLines(labelledPairs(5)));
    await writer.close();
    assert.equal(await ended, 0);
    assert.deepEqual(reportIn("pipe-report").files, [{ name: "pipe", records: 5, sha256: null }]);
  });

  it("ends at the limit of a pipe that stays open", async () => {
    const { ended, writer } = await evaluatePipe("open-pipe", "--limit", "5");
    await writer.write(jsonLines(labelledPairs(5)));
    assert.equal(await ended, 0);
    await writer.close();
    assert.equal(reportIn("open-pipe-report").files[0]!.records, 5);
  });

  it("is interrupted while a pipe is silent", async () => {
    const { child, ended, writer } = await evaluatePipe("silent-pipe");
    child.kill("SIGINT");
    assert.equal(await ended, 130);
    await writer.close();
  });

  it("evaluates a panel that routes, with the members of where it leads, and leaves out who only audits", async () => {
    const routing = `
  watched:
    members: [{ judge: tiny-objectives }, { judge: tiny-reward, standing: audit }]
  routed:
    routes: [{ when: { language: de }, panel: reward }]
    otherwise: watched
`;
    const config = tiny.folder.write("routing.yaml", readFileSync(tiny.config, "utf8").trimEnd() + routing);
    const file = tiny.folder.write("routed.jsonl", jsonLines(labelledPairs(12)));
    const { code, stderr } = await runCli(["eval", file, "--config", config, "--panel", "routed", "--output", at("routed")]);
    assert.equal(code, 0, stderr);
    const { scorers, panel, accuracy } = reportIn("routed");
    assert.deepEqual([panel.aggregation, panel.members], ["routes", []]);
    const missing = Object.fromEntries(scorers.map((scorer) => [scorer.name, scorer.missing]));
    // Four of twelve pairs are German: the reward judge sees those alone, and audits the others unseen.
    assert.deepEqual([missing.routed, missing["tiny-reward"], missing["tiny-objectives"]], [0, 16, 8]);
    assert.deepEqual(
      ["routed", "tiny-reward", "tiny-objectives"].map((name) => accuracy.find(({ scorer }) => scorer === name)!.all.n),
      [12, 4, 8],
    );
  });

  it("scores nothing for a report that cannot be written", async () => {
    // Scored, it would be said to have no labels.
    const file = tiny.folder.write("unlabelled.jsonl", jsonLines([{ prompt: "x", candidates: ["good"] }]));
    const folder = tiny.folder.write("taken/eval.json/inside", "").replace(/\/eval\.json\/inside$/, "");
    for (const [output, code] of [
      [join(file, "report"), "ENOTDIR"],
      [folder, "EISDIR"],
    ] as const) {
      const { code: exit, stderr } = await run([file, "--output", output]);
      assert.deepEqual([exit, stderr], [2, `error: cannot write to ${output} (${code}); name another folder with --output\n`]);
    }
  });

  for (const [what, args, says] of [
    ["a file that is not there", ["nowhere.jsonl"], /cannot read nowhere\.jsonl/],
    ["an unknown panel", ["-", "--panel", "chatt"], /no panel "chatt"; there are: chat, reward/],
    ["no file", [], /missing required argument 'files'/],
    ["a file without labels", ["-"], /no record with labels was scored/],
  ] as const) {
    it(`exits with 2 on ${what} and says what to do`, async () => {
      const { code, stderr, stdout } = await run([...args, "--output", at("never")], jsonLines([{ prompt: "x", candidates: ["good"] }]));
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
      assert.equal(stdout, "");
      assert.ok(!existsSync(at("never")));
    });
  }
});
