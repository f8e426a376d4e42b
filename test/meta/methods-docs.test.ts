import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import * as evaluation from "../../src/evaluation/index.ts";
import * as judges from "../../src/judges/library.ts";
import { GROUP_CONVENTIONS, SPREAD_CONVENTIONS } from "../../src/reward/group/conventions.ts";
import * as reward from "../../src/reward/library.ts";
import { METHODS } from "../golden/method-table/index.ts";

const page = readFileSync("docs/methods.md", "utf8");
const rows = [...page.matchAll(/^\| `([a-z0-9_.]+)` \| (`\w.*?`) \| \[(src\/[\w/-]+\.ts)\]\(\.\.\/\3\) \| (.+) \|$/gm)].map(
  ([, id, functions, file, source]) => ({
    id: id!,
    functions: [...functions!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    file: file!,
    source: source!,
  }),
);

describe("docs/methods.md", () => {
  it("has one row for each id that has a function, and none for others", () => {
    assert.deepEqual(rows.map(({ id }) => id).sort(), Object.keys(METHODS).sort());
  });

  it("names functions that their files export and the library offers", async () => {
    const offered = new Set([...Object.keys(reward), ...Object.keys(evaluation), ...Object.keys(judges)]);
    for (const { id, functions, file } of rows) {
      const found = await import(pathToFileURL(file).href);
      for (const name of functions) {
        assert.equal(typeof found[name], "function", `${id}: ${name} of ${file}`);
        assert.ok(offered.has(name), `${id}: ${name} is not in the library`);
      }
    }
  });

  it("cites what the code cites", () => {
    for (const { id, file, source } of rows) {
      const code = readFileSync(file, "utf8");
      for (const [, paper] of source.matchAll(/arxiv\.org\/abs\/([\d.]+)/g)) {
        assert.ok(code.includes(`arXiv:${paper}`), `${id} cites ${paper}, ${file} does not`);
      }
    }
  });

  it("has the numbers of the conventions", () => {
    for (const [name, { epsilon, ddof }] of Object.entries(GROUP_CONVENTIONS)) {
      assert.ok(page.includes(`| \`${name}\` | ${epsilon.toExponential()} | ${ddof} |`), name);
    }
    for (const [name, { ddof }] of Object.entries(SPREAD_CONVENTIONS)) assert.ok(page.includes(`| \`${name}\` | | ${ddof} |`), name);
  });
});
