import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { jsonLines } from "../support/json-lines.ts";

const WORDS = ["good", "bad", "fine", "the", "is", "what", "yes", "no"];

let tiny: TestGateway;
/** Pairs in which the judge `tiny-reward` prefers the chosen side in four of five. */
let pairs: { prompt: string; chosen: string; rejected: string }[];
const at = (name: string) => join(tiny.folder.path, name);
const calibrate = (...args: string[]) => runCli(["calibrate", "--config", tiny.config, ...args]);

before(async () => {
  tiny = await writeGateway();
  const rows = Array.from({ length: 320 }, (_, i) => {
    const word = (k: number) => WORDS[(i * k + Math.floor(i / 8)) % 8]!;
    return { prompt: `${word(1)} ${i}`, candidates: [`${word(3)} ${word(5)} ${word(7)}`, `${word(2)} ${word(6)}`] };
  });
  tiny.folder.write("rows.jsonl", jsonLines(rows));
  const { code, stderr } = await runCli(["score", "--config", tiny.config, "-p", "reward", at("rows.jsonl"), "-o", at("rows.out")]);
  assert.equal(code, 0, stderr);
  const scored = readFileSync(at("rows.out"), "utf8").trim().split("\n");
  pairs = rows.flatMap(({ prompt, candidates }, i) => {
    const [a, b] = JSON.parse(scored[i]!).candidates.map(({ reward }: { reward: number }) => reward);
    if (a === b) return [];
    const favoured = a > b ? 0 : 1;
    const chosen = i % 5 === 0 ? 1 - favoured : favoured;
    return [{ prompt, chosen: candidates[chosen]!, rejected: candidates[1 - chosen]! }];
  });
  tiny.folder.write("pairs.jsonl", jsonLines(pairs));
});
after(() => tiny.remove());

describe("rewardgate calibrate FILE", () => {
  it("fits, shows figures before and after on the held-out part, and writes a file that a panel takes", async () => {
    const { code, stdout, stderr } = await calibrate(at("pairs.jsonl"), "-j", "tiny-reward", "-o", at("t.json"), "--date", "2026-01-31");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^calibration temperature \(temperature [\d.]+\) of judge tiny-reward, logit to logit$/m);
    for (const measure of ["NLL", "ECE", "adaptive ECE", "Brier", "accuracy"]) {
      assert.match(stdout, new RegExp(`^${measure} +\\d\\.\\d{4} \\[\\d\\.\\d{4}, \\d\\.\\d{4}\\] .*\\]$`, "m"), measure);
    }
    const document = JSON.parse(readFileSync(at("t.json"), "utf8"));
    const { fittedOn, metrics } = document;
    assert.equal(
      fittedOn.data.sha256,
      createHash("sha256")
        .update(readFileSync(at("pairs.jsonl")))
        .digest("hex"),
    );
    assert.deepEqual([fittedOn.n, metrics.heldOut.n], [pairs.length, pairs.length]);
    assert.deepEqual(fittedOn.split, { by: "first user turn", folds: 5, seed: 0 });
    assert.equal(fittedOn.date, "2026-01-31");
    assert.ok(metrics.after.nll.value < metrics.before.nll.value);
    assert.equal(metrics.after.accuracy.value, metrics.before.accuracy.value);

    const config = readFileSync(tiny.config, "utf8").replace("calibration: none", "calibration: { file: t.json }");
    const used = tiny.folder.write("used.yaml", config);
    const score = await runCli(["score", "--config", used, "-p", "reward", "--json", "good egg", "the word is good"]);
    const [part] = JSON.parse(score.stdout).results[0].candidates[0].judges;
    assert.ok(Math.abs(part.calibrated - part.raw / document.params.temperature) < 1e-12);
  });

  it("gives the same bytes again", async () => {
    const args = ["-j", "tiny-reward", "--date", "2026-01-31", "-o", at("again.json")];
    assert.equal((await calibrate(at("pairs.jsonl"), ...args)).code, 0);
    assert.equal(readFileSync(at("again.json"), "utf8"), readFileSync(at("t.json"), "utf8"));
  });

  it("holds out a share of the prompts where asked, and fits on the rest", async () => {
    const { code, stdout, stderr } = await calibrate(
      at("pairs.jsonl"),
      "-j",
      "tiny-reward",
      "--held-out",
      "0.3",
      "-o",
      at("s.json"),
      "--json",
    );
    assert.equal(code, 0, stderr);
    const { fittedOn, metrics } = JSON.parse(stdout).calibration;
    assert.equal(fittedOn.n + metrics.heldOut.n, pairs.length);
    assert.ok(Math.abs(metrics.heldOut.n / pairs.length - 0.3) < 0.1);
  });

  it("measures on a file of its own and fits on no prompt of it", async () => {
    writeFileSync(at("held.jsonl"), jsonLines(pairs.slice(0, 60)));
    const args = ["-j", "tiny-reward", "--held-out-file", at("held.jsonl"), "-m", "isotonic", "-o", at("h.json"), "--json"];
    const { code, stdout, stderr } = await calibrate(at("pairs.jsonl"), ...args);
    assert.equal(code, 0, stderr);
    const { fittedOn, metrics } = JSON.parse(stdout).calibration;
    assert.equal(metrics.heldOut.n, 60);
    assert.equal(fittedOn.n, pairs.length - 60);
    assert.equal(fittedOn.split.heldOutData.name, "held.jsonl");
  });

  it("takes ratings: good from a rating on, or the rating itself", async () => {
    const ranked = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, responses: [chosen, rejected], ratings: [4, 2] }));
    tiny.folder.write("ranked.jsonl", jsonLines(ranked));
    const good = await calibrate(at("ranked.jsonl"), "-j", "tiny-reward", "-m", "platt", "--good", "3", "-o", at("g.json"), "--json");
    assert.equal(good.code, 0, good.stderr);
    const { method, spaceOut, fittedOn } = JSON.parse(good.stdout).calibration;
    assert.deepEqual([method, spaceOut, fittedOn.labels, fittedOn.goodFrom], ["platt", "probability", "good", 3]);

    const rated = pairs.flatMap(({ prompt, chosen, rejected }) => [
      { prompt, response: chosen, ratings: { overall: 4, style: 1 } },
      { prompt, response: rejected, ratings: { overall: 2, style: 1 } },
    ]);
    tiny.folder.write("rated.jsonl", jsonLines(rated));
    const line = await calibrate(at("rated.jsonl"), "-j", "tiny-reward", "-m", "affine", "--dimension", "overall", "-o", at("r.json"));
    assert.equal(line.code, 0, line.stderr);
    assert.match(line.stdout, /^RMSE +/m);
    const undecided = await calibrate(at("rated.jsonl"), "-j", "tiny-reward", "-o", at("u.json"));
    assert.equal(undecided.code, 2);
    assert.match(undecided.stderr, /line 1 is rated in several ways: choose one with --dimension: overall, style/);
  });

  it("leaves out records that have no score or no label, and says how many", async () => {
    tiny.folder.write("mixed.jsonl", `${jsonLines(pairs)}{"prompt": "a"}\n{"prompt": "a", "candidates": ["b"]}\n`);
    const { code, stdout } = await calibrate(at("mixed.jsonl"), "-j", "tiny-reward", "-o", at("m.json"));
    assert.equal(code, 0);
    assert.match(stdout, /^note: 2 records without scores or labels were left out$/m);
  });

  it("refuses a calibration of another judge on the same model", async () => {
    const config = readFileSync(tiny.config, "utf8").replace(
      /judge: tiny-reward(\s+)calibration: none/,
      "judge: tiny-objectives$1calibration: { file: t.json }",
    );
    const { code, stderr } = await runCli(["check", tiny.folder.write("wrong.yaml", config)]);
    assert.equal(code, 2);
    assert.match(stderr, /t\.json judge: fitted on the scores of the judge "tiny-reward", and this one is "tiny-objectives"; fit it again/);
  });

  for (const [what, args, says] of [
    ["an unknown judge", ["-j", "tiny-rewrd"], /no judge "tiny-rewrd"; there are: tiny-objectives, tiny-reward/],
    ["an unknown method", ["-j", "tiny-reward", "-m", "beta"], /Allowed choices are .*temperature.*quantileMap/],
    ["a share of everything", ["-j", "tiny-reward", "--held-out", "1"], /use a number above 0 and below 1/],
    [
      "an output that is there",
      ["-j", "tiny-reward", "-o", "pairs.jsonl"],
      /pairs\.jsonl exists; name another with --output, or replace it/,
    ],
    [
      "an output that cannot be, before it scores",
      ["-j", "tiny-reward", "-o", "pairs.jsonl/t.json"],
      /cannot write to pairs\.jsonl\/t\.json \(E\w+\); name another file/,
    ],
    ["a folder in the place of the output", ["-j", "tiny-reward", "-o", "models", "--overwrite"], /models is a folder; name a file in it/],
    ["a quantile map without its aim", ["-j", "tiny-reward", "-m", "quantileMap"], /quantileMap needs --onto/],
    [
      "a method that its labels cannot fit",
      ["-j", "tiny-reward", "--good", "1"],
      /temperature cannot be fitted to good; these can: platt, isotonic/,
    ],
  ] as const) {
    it(`exits with 2 on ${what} and says what to do`, async () => {
      const { code, stderr } = await runCli(["calibrate", "--config", tiny.config, at("pairs.jsonl"), ...args], { cwd: tiny.folder.path });
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    });
  }

  it("takes no pipe, whose digest would be that of nothing", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    const { code, stderr } = await calibrate(at("pipe"), "-j", "tiny-reward", "-o", at("p.json"));
    assert.equal(code, 2, stderr);
    assert.match(stderr, /pipe can be read once, and its digest is taken too; name a file/);
  });

  it("says that a fold leaves too little where all of the data would do", async () => {
    tiny.folder.write("barely.jsonl", jsonLines(pairs.slice(0, 22)));
    const { code, stderr } = await calibrate(at("barely.jsonl"), "-j", "tiny-reward", "-o", at("barely.json"));
    assert.equal(code, 2);
    assert.match(stderr, /^error: without one of the folds, 1\d labelled items are too few to fit on: label at least 20; .* more --folds/m);
    const finer = await calibrate(at("barely.jsonl"), "-j", "tiny-reward", "-o", at("barely.json"), "--folds", "99");
    assert.equal(finer.code, 0, finer.stderr);
  });

  it("exits with 2 on too little data", async () => {
    tiny.folder.write("few.jsonl", jsonLines(pairs.slice(0, 12)));
    const { code, stderr } = await calibrate(at("few.jsonl"), "-j", "tiny-reward", "-o", at("f.json"));
    assert.equal(code, 2);
    assert.match(stderr, /^error: \d+ labelled items are too few to fit on: label at least 20$/m);
  });
});
