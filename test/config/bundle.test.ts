import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { namesCalibration, openBundle, readCalibrationFile, readGolden } from "../../src/config/bundle.ts";
import type { ConfigProblem } from "../../src/domain/errors.ts";
import { type BundleParts, goldenRows, temporaryFolder, writeBundle } from "../support/bundle.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const at = (path: string) => join(folder.path, "models", path);
const open = () => openBundle(at("judge"), new Map());

async function problems(): Promise<string[]> {
  const opened = await open();
  return "problems" in opened ? opened.problems.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`) : [];
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(at(file), "utf8");
  assert.ok(text.includes(from), `${file} holds ${from}`);
  writeFileSync(at(file), text.replace(from, to));
}

describe("openBundle", () => {
  it("opens a bundle whose graph lies in a folder beside it", async () => {
    writeBundle(folder, "judge");
    const opened = await open();
    assert.ok("bundle" in opened, JSON.stringify(opened));
    const { bundle } = opened;
    assert.equal(bundle.graph.path, at("trunk/model.onnx"));
    assert.deepEqual(bundle.kindParams, { outputs: { score: "reward" } });
    assert.equal(bundle.golden.length, 16);
    assert.deepEqual(bundle.golden[3]!.item, { id: "row-3", prompt: [{ role: "user", content: "Hi" }], candidates: [{ content: "c3" }] });
    assert.equal(bundle.calibration!.method, "affine");
  });

  it("hands the keys that it does not know to the judge kind", async () => {
    writeBundle(folder, "judge", { manifest: { objectives: [{ name: "a", penalty: 0 }], verbosity: "a" } });
    const opened = await open();
    assert.ok("bundle" in opened);
    assert.deepEqual(opened.bundle.kindParams, { outputs: { score: "reward" }, objectives: [{ name: "a", penalty: 0 }], verbosity: "a" });
  });

  it("changes its digest when any file changes, since judge.yaml pins them all", async () => {
    writeBundle(folder, "judge");
    const first = await open();
    writeBundle(folder, "judge", { graph: "another graph" });
    const second = await open();
    assert.ok("bundle" in first && "bundle" in second);
    assert.notEqual(first.bundle.digest, second.bundle.digest);
  });

  for (const file of ["trunk/model.onnx", "trunk/tokenizer.json", "judge/calibration.json", "judge/golden.jsonl"]) {
    it(`notices one flipped bit in ${file}`, async () => {
      writeBundle(folder, "judge");
      const bytes = readFileSync(at(file));
      bytes[0]! ^= 1;
      writeFileSync(at(file), bytes);
      const found = await problems();
      assert.match(found[0]!, /^files\.\w+\.sha256: the file's SHA-256 is [0-9a-f]{64}; fetch the bundle again/);
    });

    it(`notices that ${file} is not there`, async () => {
      writeBundle(folder, "judge");
      rmSync(at(file));
      assert.match((await problems())[0]!, /^files\.\w+\.path: .* is not there; fetch the bundle again/);
    });
  }

  it("takes the golden scores of its own architecture, and the one set on an architecture without", async () => {
    const onArm = goldenRows(16).map((row) => ({ ...row, score: 7 }));
    writeBundle(folder, "judge", { goldenArm64: onArm });
    const scoreOn = async (architecture: NodeJS.Architecture) => {
      const opened = await openBundle(at("judge"), new Map(), architecture);
      assert.ok("bundle" in opened, JSON.stringify(opened));
      return opened.bundle.golden[3]!.scores[0]!.value;
    };
    assert.deepEqual([await scoreOn("arm64"), await scoreOn("x64"), await scoreOn("riscv64")], [7, 0.3, 0.3]);
    writeBundle(folder, "judge");
    assert.equal(await scoreOn("arm64"), 0.3);
  });

  it("verifies and reads the golden scores of an architecture that it does not run on", async () => {
    writeBundle(folder, "judge", { goldenArm64: goldenRows(15) });
    for (const architecture of ["x64", "arm64"] as const) {
      const opened = await openBundle(at("judge"), new Map(), architecture);
      assert.ok("problems" in opened);
      assert.deepEqual(
        opened.problems.map(({ file, cause }) => [file, cause]),
        [[at("judge/golden.arm64.jsonl"), "15 golden rows, fewer than 16"]],
      );
    }
    appendFileSync(at("judge/golden.arm64.jsonl"), " ");
    assert.match((await problems())[0]!, /^files\.goldenArm64\.sha256: the file's SHA-256 is [0-9a-f]{64}; fetch the bundle again/);
  });

  it("tells about every bad file at once", async () => {
    writeBundle(folder, "judge");
    rmSync(at("trunk/model.onnx"));
    writeFileSync(at("trunk/tokenizer.json"), "{ }");
    assert.equal((await problems()).length, 2);
  });

  for (const path of ["../../outside.onnx", "/etc/hostname", "../trunk/../../outside.onnx", ".."]) {
    it(`refuses the path ${path}, which leads out of the folder of bundles`, async () => {
      writeBundle(folder, "judge");
      folder.write("outside.onnx", "graph");
      edit("judge/judge.yaml", "../trunk/model.onnx", path);
      assert.match((await problems())[0]!, /^files\.graph\.path: .*(leads out of|is not a file)/);
    });
  }

  it("refuses a file behind a symbolic link, and one in a linked folder", async () => {
    writeBundle(folder, "judge");
    folder.write("outside.onnx", "graph");
    rmSync(at("trunk/model.onnx"));
    symlinkSync(join(folder.path, "outside.onnx"), at("trunk/model.onnx"));
    assert.match((await problems())[0]!, /files\.graph\.path: .*symbolic link; put the file itself there/);
    rmSync(at("trunk/model.onnx"));
    writeFileSync(at("trunk/model.onnx"), "graph");
    renameSync(at("trunk"), join(folder.path, "moved"));
    symlinkSync(join(folder.path, "moved"), at("trunk"));
    assert.match((await problems()).join("\n"), /files\.graph\.path: .*symbolic link/);
  });

  it("refuses a folder where a file belongs", async () => {
    writeBundle(folder, "judge");
    rmSync(at("trunk/model.onnx"));
    mkdirSync(at("trunk/model.onnx"));
    assert.match((await problems())[0]!, /is not a file/);
  });

  it("reads golden rows about a group, with a score for each candidate", async () => {
    const group = { id: "group", prompt: [{ role: "user", content: "Hi" }], candidates: ["a", "b"], scores: [1, -1] };
    writeBundle(folder, "judge", { golden: [...goldenRows(15), group] });
    const opened = await open();
    assert.ok("bundle" in opened);
    assert.deepEqual(opened.bundle.golden[15]!.item.candidates, [{ content: "a" }, { content: "b" }]);
    assert.deepEqual(opened.bundle.golden[15]!.scores, [{ value: 1 }, { value: -1 }]);
    assert.deepEqual(opened.bundle.golden[3]!.scores, [{ value: 0.3 }]);
  });

  for (const [what, parts, expected] of [
    [
      "a golden group with a score too few",
      { golden: [{ id: "a", prompt: [{ role: "user", content: "x" }], candidates: ["y", "z"], scores: [1] }] },
      /^scores: not a golden row; a row holds id, prompt, candidates and a score for each/,
    ],
    ["fewer than 16 golden rows", { golden: goldenRows(15) }, /15 golden rows, fewer than 16; export more/],
    ["a golden row twice", { golden: [...goldenRows(16), ...goldenRows(1)] }, /row "row-0" comes twice/],
    [
      "a golden row without a score",
      { golden: [{ id: "a", prompt: [{ role: "user", content: "x" }], candidate: "y" }] },
      /^score: not a golden row/,
    ],
    ["a golden score that is not a number", { golden: [{ ...goldenRows(1)[0], score: "NaN" }] }, /^score: not a golden row/],
    [
      "a calibration of another graph",
      { calibration: { graphSha256: "0".repeat(64) } },
      /graphSha256: fitted on the scores of another graph; fit it again/,
    ],
    ["a calibration with an unknown key", { calibration: { slope: 1 } }, /^slope: unknown key/],
    ["an unknown space", { manifest: { space: "logits" } }, /^space: "logits" is not allowed; did you mean logit\?/],
    ["no licence", { manifest: { license: undefined } }, /^license: missing/],
    ["a determinism class without its bound", { manifest: { determinism: { class: "tolerance" } } }, /^determinism\.bound: missing/],
    [
      "an unknown determinism class",
      { manifest: { determinism: { class: "exact" } } },
      /^determinism\.class: "exact" is not allowed; allowed: bitwise, tolerance, none/,
    ],
    ["another version of the format", { manifest: { apiVersion: "v0" } }, /^apiVersion: "v0" is not allowed/],
    [
      "a digest that is none",
      { manifest: { files: { graph: { path: "x", sha256: "abc" } } } },
      /^files\.graph\.sha256: 64 hexadecimal digits/,
    ],
  ] as readonly [string, BundleParts, RegExp][]) {
    it(`refuses ${what}`, async () => {
      writeBundle(folder, "judge", parts);
      assert.match((await problems())[0] ?? "no problem", expected);
    });
  }

  it("refuses a judge.yaml, golden rows and a calibration that are not UTF-8", async () => {
    writeBundle(folder, "judge");
    const manifest = readFileSync(at("judge/judge.yaml"), "utf8");
    folder.write("models/judge/judge.yaml", Buffer.from(`# für\n${manifest}`, "latin1"));
    assert.match((await problems())[0]!, /^: not UTF-8; save it as UTF-8/);
    assert.equal(await namesCalibration(at("judge")), false);
    const latin1 = folder.write("latin1.json", Buffer.from('"für"', "latin1"));
    const found: ConfigProblem[] = [];
    assert.deepEqual(await readGolden(latin1, found), []);
    assert.match(found[0]!.cause, /0 golden rows: not UTF-8/);
    const read = await readCalibrationFile(latin1, { name: "judge", files: {} as never });
    assert.match("problems" in read ? read.problems[0]!.cause : "", /^not UTF-8/);
  });

  it("refuses a folder without a judge.yaml, and one that is not YAML", async () => {
    assert.match((await problems())[0]!, /cannot be read, or is not there; name a folder that holds a judge.yaml/);
    folder.write("models/judge/judge.yaml", "a: [");
    assert.match((await problems())[0]!, /not YAML/);
  });
});
