// Writes what the chart takes from elsewhere, or compares it with --check:
//   files/rewardgate.yaml    the shipped configuration
//   values.schema.json       values.schema.base.json and, for `config`, the schema of the configuration
import { readFileSync, writeFileSync } from "node:fs";

const check = process.argv.includes("--check");
const chart = "deploy/helm/rewardgate";

/**
 * A schema for a part of what another one describes: the values that users write are laid over the shipped configuration,
 * so nothing is required, and a method's parameters may come without its name.
 */
function partial(schema) {
  if (Array.isArray(schema)) return schema.map(partial);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !(key === "required" && Array.isArray(value)) && key !== "$schema")
      .map(([key, value]) => [key === "oneOf" ? "anyOf" : key, partial(value)]),
  );
}

const base = JSON.parse(readFileSync("deploy/helm/values.schema.base.json", "utf8"));
const { $defs = {}, ...config } = partial(JSON.parse(readFileSync("docs/config.schema.json", "utf8")));
const files = {
  [`${chart}/files/rewardgate.yaml`]: `# A copy of rewardgate.yaml, written by npm run chart.\n${readFileSync("rewardgate.yaml", "utf8")}`,
  [`${chart}/values.schema.json`]: `${JSON.stringify({ ...base, $defs: { ...$defs, config } }, null, 2)}\n`,
};

for (const [file, content] of Object.entries(files)) {
  if (!check) writeFileSync(file, content);
  else if (readFileSync(file, "utf8") !== content) {
    console.error(`${file} is not what its sources give`);
    process.exitCode = 1;
  }
}
