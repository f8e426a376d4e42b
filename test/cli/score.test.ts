import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway({ model: { nanOnWord: true } });
});
after(() => tiny.remove());

const score = (...args: string[]) => runCli(["score", "--config", tiny.config, ...args]);

describe("rewardgate score PROMPT RESPONSE…", () => {
  it("prints a table with the reward and every judge's part", async () => {
    const { code, stdout, stderr } = await score("what is good", "the word", "bad");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^panel chat, revision [0-9a-f]{12}, \d+ tokens in /);
    assert.match(stdout, /^1 +-?\d\.\d{4} +complete +the word$/m);
    assert.match(stdout, /^tiny-reward +scored( +-?\d+\.\d{4}){5}$/m);
    assert.match(stdout, /^ +harmlessness( +-?\d+\.\d{4}){3}$/m);
  });

  it("prints the whole answer under --json; its parts add up", async () => {
    const { stdout } = await score("what is good", "the word", "--json");
    const [{ reward, judges }] = JSON.parse(stdout).results[0].candidates;
    assert.ok(Math.abs(judges[0].contribution + judges[1].contribution - reward) < 1e-9);
    const terms: number[] = Object.values(judges[0].objectiveContributions);
    assert.ok(Math.abs(terms.reduce((a, b) => a + b) - judges[0].raw) < 1e-6);
    assert.deepEqual(Object.keys(judges[0].gating), ["helpfulness", "harmlessness", "verbosity"]);
  });

  it("weighs objectives as --objective says", async () => {
    const plain = JSON.parse((await score("what is good", "the word", "--json")).stdout).results[0].candidates[0].judges[0];
    const steered = JSON.parse((await score("what is good", "the word", "--json", "--objective", "harmlessness=2")).stdout);
    const part = steered.results[0].candidates[0].judges[0];
    assert.ok(Math.abs(part.gating.harmlessness - 1) < 1e-6 && part.gating.helpfulness === 0);
    assert.ok(Math.abs(part.raw - plain.objectives.harmlessness) < 1e-6);
  });

  it("takes a judge by its name, also one whose bundle holds no calibration, as exported ones do", async () => {
    const bundle = fileURLToPath(new URL("../fixtures/exported/llama-bf16", import.meta.url));
    const config = tiny.folder.write(
      "exported.yaml",
      readFileSync(tiny.config, "utf8").replace("judges:\n", `judges:\n  exported: { bundle: ${bundle}, backend: local }\n`),
    );
    const { code, stdout, stderr } = await runCli(["score", "--config", config, "-p", "exported", "--json", "what is good", "the word"]);
    assert.equal(code, 0, stderr);
    const [{ reward, judges }] = JSON.parse(stdout).results[0].candidates;
    assert.deepEqual([judges[0].judge, judges[0].raw], ["exported", reward]);
    const calibrated = await score("what is good", "the word", "-p", "tiny-reward", "--json");
    const [part] = JSON.parse(calibrated.stdout).results[0].candidates[0].judges;
    assert.notEqual(part.raw, part.calibrated);
  });

  it("opens no store for states that its panel does not read", async () => {
    const config = tiny.folder.write(
      "with-states.yaml",
      `${readFileSync(tiny.config, "utf8")}states: { scales: { kind: runningScale, judges: [tiny-reward] } }\n`,
    );
    const env = { REWARDGATE_STATE_REDIS_URL: "redis://127.0.0.1:1" };
    const { code, stderr } = await runCli(["score", "--config", config, "what is good", "the word"], { env });
    assert.equal(code, 0, stderr);
  });

  it("exits with 4 when a response has no reward, and says which and why", async () => {
    const { code, stdout, stderr } = await score("what is good", "nan", "fine");
    assert.equal(code, 4);
    assert.match(stderr, /no reward for: #1/);
    assert.match(stdout, /^1 +- +failed +nan$/m);
    assert.match(stdout, /SCORE_NOT_FINITE/);
  });

  for (const [what, args, says] of [
    ["an unknown panel", ["a", "b", "--panel", "chatt"], /no panel "chatt"; there are: chat, reward/],
    ["a file that is not there", ["pairs.jsonl"], /no file "pairs.jsonl"; to score texts give a prompt and at least one response/],
    ["nothing to score", [], /missing required argument/],
    ["an unknown flag", ["a", "b", "--pannel", "x"], /unknown option '--pannel'.*\n.*--panel/],
    ["an unknown objective", ["a", "b", "--objective", "kindness=1"], /has an objective "kindness".*harmlessness/],
    ["an objective without a weight", ["a", "b", "--objective", "kindness"], /use name=weight/],
    ["an output of texts", ["a", "b", "--output", "scores.jsonl"], /--output belongs to a file of records/],
    ["a reference of records", ["-", "--reference", "4"], /--reference belongs to a prompt; records state their own/],
    ["a limit that is no number", ["-", "--limit", "few"], /use a whole number from 1/],
  ] as const) {
    it(`exits with 2 on ${what} and says what to do`, async () => {
      const { code, stdout, stderr } = await score(...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
      assert.equal(stdout, "");
      assert.doesNotMatch(stderr, /\n +at /, "no stack trace");
    });
  }
});
