// Writes the table of shipped judges in README.md from their judge.yaml, or compares it with --check.
import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";

const JUDGES = ["chat-objectives", "chat-reward"];

/** A share with its 95 % interval, in per cent. */
const share = ({ accuracy, low, high }) =>
  [accuracy, low, high]
    .map((value) => (100 * value).toFixed(1))
    .join(" | ")
    .replace(/ \| (.+) \| (.+)/, " % ($1 to $2)");

const rows = JUDGES.map((name) => {
  const { kind, training } = parse(readFileSync(`models/${name}/judge.yaml`, "utf8"));
  const { helpful, harmless, union } = training.metrics;
  return `| [${name}](models/${name}/README.md) | ${kind} | ${[helpful, harmless, union].map(share).join(" | ")} | ${union.n} |`;
});
const table = ["| judge | kind | helpful | harmless | both | pairs |", "|---|---|---|---|---|---|", ...rows].join("\n");

const before = readFileSync("README.md", "utf8");
const after = before.replace(/(<!-- judges -->\n)[\s\S]*?(\n<!-- end of judges -->)/, (_, start, end) => start + table + end);
if (!process.argv.includes("--check")) writeFileSync("README.md", after);
else if (before !== after) {
  console.error("README.md does not have the figures of models/*/judge.yaml");
  process.exitCode = 1;
}
