// Writes what README.md takes from elsewhere: the figures of the judges that ship, and, from the built gateway, the output of its
// examples. With --check it compares the figures and leaves the output alone, which holds times.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { startBuiltGateway } from "./built-gateway.mjs";

const check = process.argv.includes("--check");
const JUDGES = ["chat-objectives", "chat-reward", "chat-group"];

/** Table of pair accuracies, from each judge.yaml. */
function judgesTable() {
  const percent = (value) => (100 * value).toFixed(1);
  const share = ({ accuracy, low, high }) => `${percent(accuracy)} % (${percent(low)} to ${percent(high)})`;
  const rows = JUDGES.map((name) => {
    const { kind, training } = parse(readFileSync(`models/${name}/judge.yaml`, "utf8"));
    const { helpful, harmless, union } = training.metrics;
    return `| [${name}](models/${name}/README.md) | ${kind} | ${[helpful, harmless, union].map(share).join(" | ")} | ${union.n} |`;
  });
  return ["| judge | kind | helpful | harmless | both | pairs |", "|---|---|---|---|---|---|", ...rows].join("\n");
}

/** The answer of a built gateway to the body of the curl example. */
async function answerTo(body) {
  const gateway = await startBuiltGateway();
  try {
    const response = await fetch(`${gateway.http}/v1/score`, { method: "POST", headers: { "content-type": "application/json" }, body });
    return await response.json();
  } finally {
    await gateway.stop();
  }
}

/** JSON with a judge's part on a line, numbers cut to four decimals, digests to eight digits. */
function show({ panel, panelRevision, results, ...rest }) {
  const short = (value) =>
    JSON.stringify(value, (_, inner) => (typeof inner === "number" ? Math.round(inner * 1e4) / 1e4 : inner)).replace(
      /"([0-9a-f]{8})[0-9a-f]{24}"/g,
      '"$1…"',
    );
  const candidates = results[0].candidates.map(({ judges, ...candidate }) => {
    const parts = judges.map((part) => `      ${short(part)}`).join(",\n");
    return `  ${short(candidate).slice(0, -1)},"judges":[\n${parts}\n  ]}`;
  });
  const head = `{"panel":"${panel}","panelRevision":${short(panelRevision)},"results":[{"id":"${results[0].id}","candidates":[`;
  return [head, candidates.join(",\n"), `]}],${short(rest).slice(1)}`].join("\n");
}

const before = readFileSync("README.md", "utf8");
let page = before.replace(/(<!-- judges -->\n)[\s\S]*?(\n<!-- end of judges -->)/, (_, start, end) => start + judgesTable() + end);
if (check) {
  if (before !== page) {
    console.error("README.md does not have the figures of models/*/judge.yaml");
    process.exitCode = 1;
  }
} else {
  const answer = show(await answerTo(/-d '(\{[\s\S]*?\n\})'/.exec(page)[1]));
  page = page.replace(/(```json\n)[\s\S]*?(\n```)/, (_, start, end) => start + answer + end);
  const example = /```\n\$ rewardgate (score .+)\n[\s\S]*?\n```/;
  const words = [...example.exec(page)[1].matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  const { stdout } = spawnSync(process.execPath, ["dist/main.js", ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  page = page.replace(example, (_, command) => `\`\`\`\n$ rewardgate ${command}\n${stdout.trimEnd()}\n\`\`\``);
  writeFileSync("README.md", page);
}
