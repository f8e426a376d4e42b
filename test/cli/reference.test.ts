import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";

const ROWS = Array.from({ length: 12 }, (_, i) => ({ prompt: `what ${i % 6}`, chosen: `good ${i}`, rejected: "bad" }));

const WORDS = ["good", "bad", "egg", "water", "rome", "paris", "cat", "dog"];
const MANY = Array.from({ length: 60 }, (_, i) => ({
  prompt: `${WORDS[i % 8]} ${WORDS[(i >> 3) % 8]}`,
  candidates: Array.from({ length: 4 }, (_, k) => Array.from({ length: 1 + ((i + k) % 6) }, (_, n) => WORDS[(i * k + n) % 8]).join(" ")),
}));

let tiny: TestGateway;
const at = (name: string) => join(tiny.folder.path, name);
const build = (...args: string[]) =>
  runCli(["reference", "build", at("sft.jsonl"), "--config", tiny.config, ...args], { cwd: tiny.folder.path });
const read = (name: string) => JSON.parse(readFileSync(at(name), "utf8"));

/** The configuration with these artefacts and this panel. */
function using(members: string, artefacts: string): string {
  const text = readFileSync(tiny.config, "utf8").replace(/panels:[\s\S]*/, "");
  return tiny.folder.write("using.yaml", `${text}references:\n${artefacts}panels:\n  p:\n    members:\n      - ${members}\n`);
}

before(async () => {
  tiny = await writeGateway();
  tiny.folder.write("sft.jsonl", ROWS.map((row) => `${JSON.stringify(row)}\n`).join(""));
});
after(() => tiny.remove());

describe("rewardgate reference build FILE", () => {
  it("makes the folder of its output, and scores nothing for one that cannot be made", async () => {
    const made = await build("-j", "tiny-reward", "-k", "value", "-n", "sft", "-o", "references/new/sft.json");
    assert.equal(made.code, 0, made.stderr);
    assert.equal(read("references/new/sft.json").name, "sft");
    const { code, stderr } = await build("-j", "tiny-reward", "-k", "value", "-n", "sft", "-o", "sft.jsonl/sft.json");
    assert.equal(code, 2);
    assert.match(stderr, /^error: cannot write to sft\.jsonl\/sft\.json \(E\w+\); name another file with --output\n$/);
  });

  it("builds values that a panel centres on, until a judge changes", async () => {
    const { code, stdout, stderr } = await build(
      "-p",
      "chat",
      "-k",
      "value",
      "--quantile",
      "0.5",
      "-n",
      "sft",
      "-o",
      "v.json",
      "--date",
      "2026-01-31",
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^reference sft: quantile 0\.5 of the scores$/m);
    assert.match(stdout, /^tiny-reward +[0-9a-f]{12} +[0-9a-f]{12} +logit +-?\d+\.\d{4}$/m);
    const { readings, data, created } = read("v.json");
    assert.deepEqual(
      readings.map(({ judge }: { judge: string }) => judge),
      ["tiny-objectives", "tiny-reward"],
    );
    assert.deepEqual([data.records, data.completions, data.side, created], [12, 12, "chosen", "2026-01-31"]);

    const members = "{ judge: tiny-reward, transforms: [{ method: logSigmoidCentred, reference: { artefact: sft } }] }";
    const config = using(members, "  sft: { file: v.json }\n");
    const score = await runCli(["score", "--config", config, "what", "good egg", "--json"]);
    const [part] = JSON.parse(score.stdout).results[0].candidates[0].judges;
    assert.ok(Math.abs(part.transformed + Math.log1p(Math.exp(readings[1].value - part.calibrated))) < 1e-12);

    const changed = tiny.folder.write(
      "changed.yaml",
      readFileSync(config, "utf8").replace(/bundle: models\/tiny-reward(\s+)/, "$&overlong: truncate$1"),
    );
    const check = await runCli(["check", changed]);
    assert.equal(check.code, 2);
    assert.match(
      check.stderr,
      /reference "sft" is stale: judge "tiny-reward" was of revision .* rewardgate reference build sft\.jsonl --panel chat --kind value --quantile 0\.5 --side chosen --name sft -o FILE/,
    );
  });

  it("builds responses that stand in for baselines, by prompt", async () => {
    const { code, stderr } = await build("-j", "tiny-reward", "-k", "responses", "--side", "all", "-n", "sft", "-o", "r.json");
    assert.equal(code, 0, stderr);
    const [entry] = read("r.json").readings;
    assert.equal(Object.keys(entry.responses).length, 6);
    assert.ok(Object.values(entry.responses).every((scores) => (scores as number[]).length === 4));

    const config = using(
      "{ judge: tiny-reward, transforms: [{ method: centred, references: { artefact: sft } }] }",
      "  sft: { file: r.json }\n",
    );
    tiny.folder.write("two.jsonl", `${JSON.stringify(ROWS[0])}\n${JSON.stringify({ ...ROWS[0], prompt: "elsewhere" })}\n`);
    const score = await runCli(["score", "--config", config, at("two.jsonl")]);
    assert.equal(score.code, 4);
    const [known, unknown] = score.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const all = known.candidates.map(({ judges }: { judges: { calibrated: number; transformed: number }[] }) => judges[0]!);
    for (const { calibrated, transformed } of all) assert.ok(Number.isFinite(calibrated) && Number.isFinite(transformed));
    assert.equal(unknown.candidates[0].judges[0].failure.reason, "REFERENCE_MISSING");
  });

  it("builds a distribution that calibrates, and show prints it", async () => {
    const { code, stderr } = await build("-j", "tiny-reward", "-k", "distribution", "-n", "sft", "-o", "d.json");
    assert.equal(code, 0, stderr);
    const config = using("{ judge: tiny-reward, calibration: { method: cdf, reference: { artefact: sft } } }", "  sft: { file: d.json }\n");
    const score = await runCli(["score", "--config", config, "what 0", "good 0", "--json"]);
    const [part] = JSON.parse(score.stdout).results[0].candidates[0].judges;
    const { raw } = read("d.json").readings[0];
    const below = raw.filter((each: number) => each < part.raw).length;
    assert.ok(part.calibrated >= below / 12 && part.calibrated <= (below + 2) / 12);
    const show = await runCli(["reference", "show", at("d.json")]);
    assert.match(show.stdout, /^reference sft: distribution of scores$/m);
    assert.deepEqual(JSON.parse((await runCli(["reference", "show", at("d.json"), "--json"])).stdout), read("d.json"));
  });

  it("builds what runs are held against, alike each time, until the panel changes", async () => {
    const args = ["-p", "chat", "-k", "drift", "--side", "all", "-n", "usual", "--date", "2026-01-31"];
    tiny.folder.write("many.jsonl", MANY.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const buildMany = (output: string) =>
      runCli(["reference", "build", at("many.jsonl"), "--config", tiny.config, ...args, "-o", output], { cwd: tiny.folder.path });
    const { code, stdout, stderr } = await buildMany("drift.json");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^reference usual: what runs are held against$/m);
    assert.match(stdout, /^\(reward\) +[0-9a-f]{12} +.* 240 +-?\d/m);
    await buildMany("again.json");
    // The last bits of a score depend on its batch.
    const [once, twice] = ["drift.json", "again.json"].map((name) => [read(name).reward, ...read(name).readings]);
    for (const [series, { sorted }] of once!.entries()) {
      assert.ok(sorted.every((score: number, i: number) => Math.abs(score - twice![series].sorted[i]) < 1e-6));
    }
    const { reward, readings } = read("drift.json");
    assert.deepEqual([reward.items, reward.scores, reward.sorted.length], [60, 240, 240]);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const { mean: told, sorted } of [reward, ...readings]) assert.ok(Math.abs(told - mean(sorted)) < 1e-9);
    assert.equal(readings[0].gating.length, 3);

    const written = `${readFileSync(tiny.config, "utf8")}references: { usual: { file: drift.json } }\nruns: { baselines: { chat: usual } }\n`;
    const config = tiny.folder.write("held.yaml", written);
    assert.equal((await runCli(["check", config])).code, 0);
    // The very first build of a reference meets a configuration that names it already.
    tiny.folder.write("early.yaml", written.replace("drift.json", "early.json"));
    const early = ["reference", "build", at("many.jsonl"), "--config", at("early.yaml"), ...args, "-o", at("early.json")];
    assert.equal((await runCli(early)).code, 0);

    const reweighed = tiny.folder.write("reweighed.yaml", written.replace("weight: 0.5", "weight: 0.4"));
    const check = await runCli(["check", reweighed]);
    assert.equal(check.code, 2);
    assert.match(
      check.stderr,
      /runs\.baselines\.chat: reference "usual" is stale: panel "chat" was of revision .* build it again: rewardgate reference build many\.jsonl --panel chat --kind drift --side all --name usual -o FILE/,
    );
  });

  it("holds a run against a reference from its first items on, and against what is pinned after that", async () => {
    const gateway = await openGateway(await loadConfig({ file: at("held.yaml"), variables: {} }), {
      log: createLogger({ level: "error" }),
    });
    try {
      const items = MANY.map(({ prompt, candidates }, i) => ({
        id: `${i}`,
        prompt: [{ role: "user" as const, content: prompt }],
        candidates: candidates.map((content) => ({ content })),
      }));
      const request = { panel: "chat", items, options: DEFAULT_OPTIONS, run: "r" };
      await gateway.service.score(request, { requestId: "a", transport: "cli", signal: new AbortController().signal });
      const rows = gateway.runs.report("r", { groupBy: ["judge"] }).rows;
      assert.equal(rows.length, 3);
      for (const { drift } of rows) {
        assert.deepEqual([drift?.baseline.source, drift?.baseline.reference], ["reference", "usual"]);
        assert.ok(drift!.psi < 0.01 && drift!.ks < 0.05, `${drift!.psi} ${drift!.ks}`);
      }
      assert.ok(rows[1]!.gatingDrift! < 1e-6);
      assert.equal(rows[0]!.drift!.baseline.mean, read("drift.json").reward.mean);
    } finally {
      await gateway.close(0);
    }
  });

  for (const [what, args, says] of [
    ["no judge and no panel", ["-k", "value", "-n", "a", "-o", "x.json"], /state whose scores: either --panel or --judge/],
    ["an unknown panel", ["-p", "chta", "-k", "value", "-n", "a", "-o", "x.json"], /no panel "chta"; there are: chat, reward/],
    ["a rule that its kind has not", ["-p", "chat", "-k", "responses", "--mean", "-n", "a", "-o", "x.json"], /belong to --kind value/],
    ["drift of a judge", ["-j", "tiny-reward", "-k", "drift", "-n", "a", "-o", "x.json"], /state --panel with --kind drift/],
    ["too few completions for drift", ["-p", "chat", "-k", "drift", "-n", "a", "-o", "x.json"], /has 12 scores, and 50 are the least/],
    ["an output that is there", ["-p", "chat", "-k", "value", "-n", "a", "-o", "sft.jsonl"], /sft\.jsonl exists; name another/],
  ] as const) {
    it(`exits with 2 on ${what} and says what to do`, async () => {
      const { code, stderr } = await build(...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    });
  }

  it("show exits with 2 on a file that is no artefact", async () => {
    const { code, stderr } = await runCli(["reference", "show", at("sft.jsonl")]);
    assert.equal(code, 2);
    assert.match(stderr, /not JSON; build it again/);
  });
});
