import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const rules: { forbidden: { name: string; comment: string }[] } = createRequire(import.meta.url)("../../.dependency-cruiser.cjs");
const folder = mkdtempSync(path.join(tmpdir(), "rewardgate-layers-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a small tree: file → source. Packages in it are a folder in node_modules/ and a line in package.json. */
function plant(name: string, files: Record<string, string>): string {
  const tree = path.join(folder, name);
  const sources = {
    ...Object.fromEntries(
      ["zod", "pino", "tsx", "stray"].flatMap((pkg) => [
        [`node_modules/${pkg}/package.json`, `{ "name": "${pkg}", "version": "1.0.0", "type": "module", "exports": "./index.js" }`],
        [`node_modules/${pkg}/index.js`, "export const value = 1;"],
      ]),
    ),
    "package.json": '{ "type": "module", "dependencies": { "zod": "1.0.0", "pino": "1.0.0" }, "devDependencies": { "tsx": "1.0.0" } }',
    ...files,
  };
  for (const [file, source] of Object.entries(sources)) {
    mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
    writeFileSync(path.join(tree, file), source);
  }
  cpSync(path.join(root, "tsconfig.json"), path.join(tree, "tsconfig.json"));
  return tree;
}

/** Runs the rules over a tree; each violation as `rule: from`. */
function violations(tree: string): Promise<{ code: number; found: string[]; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [path.join(root, "scripts/layers.mjs"), tree], (error, stdout, stderr) => {
      const found = [...stdout.matchAll(/^ {2}error ([a-z-]+): ([^ \n]+)/gm)].map((line) => `${line[1]}: ${line[2]}`);
      resolve({ code: error === null ? 0 : Number(error.code), found: [...new Set(found)].sort(), output: stdout + stderr });
    });
  });
}

const imports = (...specifiers: string[]) => specifiers.map((from) => `import "${from}";`).join("\n");

/** A tree in which every layer imports what it may. */
const sound: Record<string, string> = {
  "src/domain/score.ts": `${imports("zod")}\nexport type Score = number;`,
  "src/telemetry/log.ts": imports("../domain/score.ts", "pino"),
  "src/reward/affine.ts": imports("../domain/score.ts"),
  "src/judges/shared/ask.ts": imports("../../domain/score.ts"),
  "src/judges/scalar.ts": imports("./shared/ask.ts", "../reward/affine.ts", "zod"),
  "src/judges/index.ts": imports("./scalar.ts"),
  "src/gen/wire.ts": "export {};",
  "src/open-inference/tensor.ts": imports("../domain/score.ts"),
  "src/backends/onnx.ts": imports("../domain/score.ts", "../telemetry/log.ts", "../open-inference/tensor.ts", "node:fs"),
  "src/state/kinds/hedge.ts": imports("../../domain/score.ts", "../../reward/affine.ts", "zod"),
  "src/state/service.ts": imports("./kinds/hedge.ts", "../telemetry/log.ts", "node:crypto"),
  "src/engine/score.ts": imports("../domain/score.ts", "../telemetry/log.ts"),
  "src/config/load.ts": imports("../judges/index.ts", "../reward/affine.ts", "../backends/onnx.ts", "../state/kinds/hedge.ts"),
  "src/evaluation/accuracy.ts": imports("../domain/score.ts"),
  "src/monitoring/runs.ts": imports("../domain/score.ts", "../reward/affine.ts", "../evaluation/accuracy.ts", "../telemetry/log.ts"),
  "src/transport/http.ts": imports("../gen/wire.ts", "../domain/score.ts", "../open-inference/tensor.ts"),
  "src/app.ts": imports("./config/load.ts", "./engine/score.ts", "./transport/http.ts", "./monitoring/runs.ts", "./state/service.ts"),
  "src/main.ts": imports("./app.ts"),
  "src/index.ts": imports("./app.ts"),
  "src/backends/model-process.ts": imports("../domain/score.ts"),
  "test/support/scores.ts": "export {};",
  "test/score.test.ts": imports("../src/engine/score.ts", "./support/scores.ts", "node:test"),
};

/** One planted file per rule, or more where a rule has sides. */
const planted: [rule: string, file: string, source: string][] = [
  ["domain-imports-inward", "src/domain/bad.ts", imports("../telemetry/log.ts")],
  ["reward-imports-inward", "src/reward/bad.ts", 'import type { A } from "../judges/scalar.ts";\nexport type B = A;'],
  ["judges-imports-inward", "src/judges/shared/bad.ts", imports("../../backends/onnx.ts")],
  ["telemetry-imports-inward", "src/telemetry/bad.ts", imports("../engine/score.ts")],
  ["open-inference-imports-inward", "src/open-inference/bad.ts", imports("../transport/http.ts")],
  ["backends-imports-inward", "src/backends/bad.ts", imports("../judges/scalar.ts")],
  ["engine-imports-inward", "src/engine/bad.ts", imports("../reward/affine.ts")],
  ["state-imports-inward", "src/state/bad.ts", imports("../config/load.ts")],
  ["state-kinds-is-pure", "src/state/kinds/bad.ts", imports("node:fs")],
  ["config-imports-inward", "src/config/bad.ts", imports("../engine/score.ts")],
  ["evaluation-imports-inward", "src/evaluation/bad.ts", imports("../engine/score.ts")],
  ["monitoring-imports-inward", "src/monitoring/bad.ts", imports("../engine/score.ts")],
  ["transport-imports-inward", "src/transport/bad.ts", imports("../engine/score.ts")],
  ["domain-is-pure", "src/domain/impure.ts", imports("node:fs")],
  ["reward-is-pure", "src/reward/impure.ts", imports("pino")],
  ["judges-is-pure", "src/judges/shared/impure.ts", imports("node:crypto")],
  ["judge-kinds-are-siblings", "src/judges/cousin.ts", imports("./scalar.ts")],
  ["judges-shared-is-a-leaf", "src/judges/shared/upward.ts", imports("../scalar.ts")],
  ["gen-stays-at-the-edge", "src/cli/bad.ts", imports("../gen/wire.ts")],
  ["app-is-the-root", "src/gen/bad.ts", imports("../app.ts")],
  ["no-cycles", "src/engine/left.ts", 'import type { R } from "./right.ts";\nexport type L = R;'],
  ["no-src-to-test", "src/telemetry/tested.ts", imports("../../test/support/scores.ts")],
  ["tests-are-leaves", "test/other.test.ts", imports("./score.test.ts")],
  ["no-dev-packages-in-src", "src/telemetry/dev.ts", imports("tsx")],
  ["no-undeclared-packages", "src/telemetry/stray.ts", imports("stray")],
  ["no-unresolved-imports", "src/telemetry/lost.ts", imports("./nowhere.ts")],
  ["no-dead-files", "src/engine/dead.ts", "export {};"],
];

describe("the layer rules", { concurrency: true }, () => {
  it("accept a tree in which every import points inward", async () => {
    const { code, found, output } = await violations(plant("sound", sound));
    assert.deepEqual(found, [], output);
    assert.equal(code, 0);
  });

  it("find each planted violation under its rule and no other", async () => {
    // All but the dead file are reached from a command, which may import anything except generated types.
    const files = planted.map(([, file]) => file).filter((file) => /^src\/(?!gen\/|engine\/dead)/.test(file));
    const tree = plant("planted", {
      ...sound,
      "src/cli/all.ts": imports("../transport/reach.ts", ...files.map((file) => `../${path.posix.relative("src", file)}`)),
      "src/transport/reach.ts": imports("../gen/bad.ts"),
      "src/engine/right.ts": 'import type { L } from "./left.ts";\nexport type R = L;',
      "src/main.ts": imports("./app.ts", "./cli/all.ts"),
      ...Object.fromEntries(planted.map(([, file, source]) => [file, source])),
    });
    const { code, found, output } = await violations(tree);
    const expected = planted.map(([rule, file]) => `${rule}: ${file}`).sort();
    assert.deepEqual(found, expected, output);
    assert.notEqual(code, 0);
  });

  it("are each planted above", () => {
    assert.deepEqual([...new Set(planted.map(([rule]) => rule))].sort(), rules.forbidden.map((rule) => rule.name).sort());
  });

  it("refuse to pass when no import was seen", async () => {
    const { code, output } = await violations(plant("empty", { "src/alone.ts": "export {};" }));
    assert.notEqual(code, 0, output);
  });

  it("tell the offender what to do", () => {
    for (const rule of rules.forbidden) assert.ok(rule.comment.length > 20, rule.name);
  });
});
