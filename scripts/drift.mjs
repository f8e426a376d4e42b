// Checks that generated files are what their sources give. Each generator rewrites its file, or compares it with --check.
import { spawnSync } from "node:child_process";

const generators = [
  ["generate", "protos/ → src/gen/, descriptors of the Python client"],
  ["schema", "zod schemas → docs/*.schema.json, docs/config-reference.md"],
  ["chart", "docs/config.schema.json, rewardgate.yaml → deploy/helm/rewardgate/"],
  ["readme", "models/*/judge.yaml → table in README.md"],
];

let stale = 0;
for (const [script, what] of generators) {
  const { status } = spawnSync("npm", ["run", "--silent", script, "--", "--check"], { stdio: ["ignore", "inherit", "inherit"] });
  console.log(`${status === 0 ? "current" : "stale  "}  ${what}${status === 0 ? "" : `   (npm run ${script})`}`);
  if (status !== 0) stale += 1;
}
process.exitCode = stale === 0 ? 0 : 1;
