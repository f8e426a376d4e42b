import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { configSchema } from "../../src/config/schema.ts";
import { openHttp } from "../support/servers.ts";

const page = readFileSync("README.md", "utf8");
const packageJson: { scripts: Record<string, string> } = JSON.parse(readFileSync("package.json", "utf8"));

test("the panel of README.md is a valid configuration of at most 10 lines", () => {
  const block = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  configSchema.parse(parse(block));
  assert.ok(block.trimEnd().split("\n").length <= 10);
});

test("the curl example of README.md is a request that is answered", async (t) => {
  const { post, close } = await openHttp();
  t.after(close);
  const body = /-d '(\{[\s\S]*?\n\})'/.exec(page)?.[1] ?? "";
  assert.equal((await post("/v1/score", body)).status, 200);
});

test("the documents that commands send their reader to come with the package", () => {
  const { files }: { files: string[] } = JSON.parse(readFileSync("package.json", "utf8"));
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const named = sources.flatMap((file) => readFileSync(path.join("src", file), "utf8").match(/\bdocs\/[a-z/-]+\.md\b/g) ?? []);
  assert.ok(named.includes("docs/data-format.md"));
  for (const document of new Set(named)) {
    assert.ok(existsSync(document), document);
    assert.ok(
      files.some((entry) => document === entry || document.startsWith(`${entry}/`)),
      document,
    );
  }
});

test("every npm command that a document names exists", () => {
  for (const file of ["README.md", "CONTRIBUTING.md", "docs/operations.md", "docs/configuration.md", "ARCHITECTURE.md"]) {
    for (const [, script] of readFileSync(file, "utf8").matchAll(/npm run ([a-z0-9:]+)/g)) {
      assert.ok(packageJson.scripts[script!], `${file}: npm run ${script}`);
    }
  }
});

test("the cards of the judges that ship say what attacks make of these judges, and not of earlier ones", async () => {
  const { judges } = await resolve(await loadConfig({ file: "rewardgate.yaml", variables: {} }));
  for (const { judge } of judges) {
    const card = readFileSync(`models/${judge.name}/README.md`, "utf8");
    // Whoever changes a judge.yaml runs `rewardgate judges probe` again, which takes seconds.
    assert.match(card, new RegExp(`^Revision \`${judge.revision.slice(0, 12)}\`, `, "m"), judge.name);
  }
});
