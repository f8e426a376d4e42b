import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

const packageJson = JSON.parse(readFileSync("package.json", "utf8"));
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));

describe("package.json", () => {
  it("pins every dependency to one version", () => {
    for (const [name, version] of Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies })) {
      assert.match(String(version), /^(npm:[a-z@/-]+@)?\d+\.\d+\.\d+$/, name);
    }
  });

  it("agrees with the lock file", () => {
    assert.deepEqual(lock.packages[""].dependencies, packageJson.dependencies);
    assert.deepEqual(lock.packages[""].devDependencies, packageJson.devDependencies);
    assert.equal(lock.version, packageJson.version);
  });

  it("gives `tsc` the compiler that it names, not the older one kept for dependency-cruiser", () => {
    // npm links the program of whichever was installed last. Mend it with `npm ci`.
    const version = execFileSync("node_modules/.bin/tsc", ["--version"], { encoding: "utf8" }).trim();
    assert.equal(version, `Version ${packageJson.devDependencies.typescript}`);
  });

  it("denies install scripts that fetch, by name, so that the CPU build installs from the registry alone", () => {
    assert.equal(packageJson.allowScripts["onnxruntime-node"], false);
    assert.match(readFileSync(".npmrc", "utf8"), /^onnxruntime-node-install=skip$/m);
    const withScripts = Object.entries<{ hasInstallScript?: boolean; optional?: boolean }>(lock.packages)
      .filter(([, { hasInstallScript, optional }]) => hasInstallScript && !optional)
      .map(([location]) => location.replace(/^.*node_modules\//, ""));
    for (const name of withScripts) assert.ok(name in packageJson.allowScripts, `allowScripts does not name ${name}`);
  });

  it("is checked as a package by npm 12, which names what it packed, as by earlier ones, which list it", async () => {
    const { packedOf } = await import(new URL("../../scripts/npm-pack.mjs", import.meta.url).href);
    const packed = { id: "rewardgate@0.1.0", files: [{ path: "dist/[a].js" }], filename: "rewardgate-0.1.0.tgz", size: 7 };
    const before = "\n> rewardgate@0.1.0 prepack\n> node -e \"fs.rmSync('dist', { recursive: true })\" && npm run build\n\n";
    for (const form of [[packed], { rewardgate: packed }]) {
      const json = JSON.stringify(form, null, 2);
      for (const output of [json, before + json]) assert.deepEqual(packedOf(output), packed);
    }
  });

  it("has the version of the chart", () => {
    const chart = readFileSync("deploy/helm/rewardgate/Chart.yaml", "utf8");
    assert.match(chart, new RegExp(`^appVersion: "${packageJson.version.replaceAll(".", "\\.")}"$`, "m"));
    assert.match(readFileSync("CHANGELOG.md", "utf8"), new RegExp(`^## ${packageJson.version.replaceAll(".", "\\.")}`, "m"));
  });
});
