import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { compareReportSchema } from "../../src/evaluation/report/comparison.ts";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { jsonLines } from "../support/json-lines.ts";
import { labelledPairs } from "../support/labelled-file.ts";
import { assertSelfContained } from "../support/static-page.ts";

let tiny: TestGateway;
let file: string;
before(async () => {
  // One text a batch: among batch-mates, which differ from run to run, the last bits of a raw score may move on some processors.
  tiny = await writeGateway({ backend: { maxBatchCalls: 1 } });
  file = tiny.folder.write("pairs.jsonl", jsonLines(labelledPairs(60)));
});
after(() => tiny.remove());

const at = (name: string) => join(tiny.folder.path, name);
const run = (...args: string[]) => runCli(["compare", file, "--config", tiny.config, ...args]);
const reportIn = (folder: string) => compareReportSchema.parse(JSON.parse(readFileSync(join(at(folder), "compare.json"), "utf8")));

describe("rewardgate compare", () => {
  it("sets two panels of one configuration side by side", async () => {
    const { code, stdout, stderr } = await run("--panel", "chat", "--against-panel", "reward", "--output", at("panels"));
    assert.equal(code, 0, stderr);
    const report = reportIn("panels");
    assert.deepEqual([report.a.panel.name, report.b.panel.name, report.rows], ["chat", "reward", 60]);
    const panel = report.scorers.find(({ role }) => role === "panel")!;
    const { bothRight, onlyA, onlyB, neither } = panel.flips!;
    assert.equal(bothRight + onlyA + onlyB + neither, 60);
    assert.ok(onlyA > 0 && onlyB > 0, "the two differ both ways, or little is tested");
    assert.ok(Math.abs(panel.accuracy!.all.difference - (panel.accuracy!.b.accuracy - panel.accuracy!.a.accuracy)) < 1e-12);
    // The reward panel has the member without its calibration, an affine map: other values in the same order.
    const member = report.scorers.find(({ scorer }) => scorer === "tiny-reward")!;
    assert.ok(Math.abs(member.spearman! - 1) < 1e-9 && member.starc! < 1e-6 && member.change.largest > 0.1, JSON.stringify(member));
    assert.match(stdout, /^panel +0\.\d{4} +0\.\d{4} +-?0\.\d{4} .* (no difference shown|[ab] better)$/m);
    assertSelfContained(readFileSync(join(at("panels"), "compare.html"), "utf8"));
  });

  it("sets two configurations side by side, and finds one equal to itself", async () => {
    const weighted = readFileSync(tiny.config, "utf8").replace(/judge: tiny-reward(\s+)weight: 0.5/, "judge: tiny-reward$1weight: 0.9");
    const other = tiny.folder.write("other.yaml", weighted);
    const { code, stderr } = await run("--against", other, "--output", at("configs"));
    assert.equal(code, 0, stderr);
    const { a, b, scorers } = reportIn("configs");
    assert.deepEqual([a.config, b.config, a.panel.name, b.panel.name], [tiny.config, other, "chat", "chat"]);
    const find = (name: string) => scorers.find(({ scorer }) => scorer === name)!;
    assert.ok(find("panel").change.largest > 0.01 && find("tiny-reward").change.largest < 1e-5);

    await run("--against", tiny.config, "--output", at("same"));
    const [same] = reportIn("same").scorers;
    assert.deepEqual([same!.accuracy!.all.verdict, same!.flips!.onlyA, same!.flips!.onlyB], ["no-difference-shown", 0, 0]);
    assert.ok(same!.change.largest < 1e-5);
  });

  it("compares two judges by their names", async () => {
    const { code, stderr } = await run(
      "--panel",
      "tiny-objectives",
      "--against-panel",
      "tiny-reward",
      "--limit",
      "20",
      "--output",
      at("judges"),
    );
    assert.equal(code, 0, stderr);
    assert.equal(reportIn("judges").rows, 20);
  });

  it("scores nothing for a report that cannot be written", async () => {
    // Scored, it would be said to have no labels.
    const unlabelled = tiny.folder.write("unlabelled.jsonl", jsonLines([{ prompt: "x", candidates: ["good"] }]));
    const side = ["compare", unlabelled, "--config", tiny.config, "--against-panel", "reward"];
    const { code, stderr } = await runCli([...side, "--output", join(file, "report")]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: cannot write to \S+report \(ENOTDIR\); name another folder with --output\n$/);
  });

  it("exits with 2 when there is nothing to compare with, or files cannot be read twice", async () => {
    const nothing = await run();
    assert.deepEqual([nothing.code, /name side B by --against <config>, --against-panel <name>, or both/.test(nothing.stderr)], [2, true]);
    const piped = await runCli(["compare", "-", "--config", tiny.config, "--against-panel", "reward"]);
    assert.deepEqual([piped.code, /standard input can be read once/.test(piped.stderr)], [2, true]);
    execFileSync("mkfifo", [at("pipe")]);
    const named = await runCli(["compare", at("pipe"), "--config", tiny.config, "--against-panel", "reward"]);
    assert.deepEqual([named.code, /pipe can be read once/.test(named.stderr)], [2, true]);
  });
});
