import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CUDA_SETUP } from "../../src/backends/onnx/device.ts";

const lines = readFileSync("Dockerfile", "utf8")
  .replaceAll("\\\n", " ")
  .split("\n")
  .map((line) => line.trim())
  .filter((line) => line !== "" && !line.startsWith("#"));
const args = new Map(lines.flatMap((line) => [...line.matchAll(/^ARG (\w+)=(\S+)$/g)].map(([, name, value]) => [name!, value!] as const)));

/** Stage name → its base (arguments filled in) and its instructions. */
const stages = new Map<string, { base: string; steps: string[] }>();
for (const line of lines) {
  const from = /^FROM (\S+) AS (\S+)$/.exec(line);
  if (from) stages.set(from[2]!, { base: from[1]!.replace(/\$\{(\w+)\}/, (_, name: string) => args.get(name) ?? ""), steps: [] });
  else [...stages.values()].at(-1)?.steps.push(line);
}
const images = ["cpu", "cuda"].map((name) => ({ name, steps: stages.get(name)!.steps }));
const argument = (steps: readonly string[], instruction: string) =>
  steps
    .find((step) => step.startsWith(`${instruction} `))
    ?.slice(instruction.length + 1)
    .trim() ?? "";

describe("the Dockerfile", () => {
  it("pins every base image to a full version", () => {
    for (const [name, { base }] of stages) {
      if (base === "scratch" || stages.has(base)) continue;
      assert.match(base, /^[a-z/]+:\d+\.\d+\.\d+-[a-z0-9.-]+$/, name);
    }
  });

  it("builds the CPU image unless another target is named", () => assert.equal([...stages.keys()].at(-1), "cpu"));

  it("has the image that an error about missing CUDA names, under the chart's tag", () => {
    const [, target = "", tag = ""] = /target `(\w+)`, tag `…(-\w+)`/.exec(CUDA_SETUP) ?? [];
    assert.ok(stages.has(target));
    assert.equal(tag, `-${target}`);
    assert.match(readFileSync("deploy/helm/rewardgate/values-gpu.yaml", "utf8"), /^ {2}tag: \S+-cuda$/m);
  });

  it("installs what the lock file says, and for the images production packages alone", () => {
    const installs = lines.filter((line) => /npm (ci|i|install)/.test(line));
    assert.deepEqual(installs, ["RUN npm ci", "RUN npm ci --omit=dev"]);
    for (const { name, steps } of images) {
      for (const step of steps) assert.doesNotMatch(step, /--from=build/, name);
    }
  });

  it("copies files that exist and that .dockerignore lets through", () => {
    const ignore = readFileSync(".dockerignore", "utf8");
    for (const line of lines.filter((line) => line.startsWith("COPY ") && !line.includes("--from"))) {
      for (const source of line.split(/\s+/).slice(1, -1)) {
        assert.ok(existsSync(source), source);
        assert.ok(ignore.includes(`!${source.replace(/^\.\//, "")}\n`), source);
      }
    }
    assert.ok(!lines.some((line) => line.startsWith("ADD ")), "ADD fetches and unpacks");
  });

  for (const { name, steps } of images) {
    it(`runs "${name}" as a numeric user that is not root, from the first instruction that runs`, () => {
      const [user, group] = argument(steps, "USER").split(":").map(Number);
      assert.ok(user! > 0 && group! > 0);
      assert.equal(steps.filter((step) => step.startsWith("USER ")).length, 1);
    });

    it(`starts "${name}" without a shell, so that signals reach the program`, () => {
      assert.deepEqual(JSON.parse(argument(steps, "ENTRYPOINT")), ["node", "dist/main.js"]);
      assert.deepEqual(JSON.parse(argument(steps, "CMD")), ["serve"]);
      const health = argument(steps, "HEALTHCHECK");
      assert.equal(JSON.parse(health.slice(health.indexOf("CMD") + 3))[0], "node");
    });

    it(`says on "${name}" what it holds: this package in this version, and the commit`, () => {
      const { name: title, version, license } = JSON.parse(readFileSync("package.json", "utf8"));
      const labels = Object.fromEntries(
        [...argument(steps, "LABEL").matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
      );
      const { description, ...rest } = labels;
      assert.ok(description);
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own variable
      assert.deepEqual(rest, { title, version, licenses: license, revision: "${COMMIT}" });
    });

    it(`listens on every address in "${name}" and names the three ports`, () => {
      assert.match(argument(steps, "ENV"), /REWARDGATE_HOST=0\.0\.0\.0/);
      assert.equal(argument(steps, "EXPOSE"), "8080 50051 9090");
    });
  }
});
