import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Command } from "commander";
import { createProgram } from "../../src/cli/program.ts";

const program = createProgram(() => {});
const operations = readFileSync("docs/operations.md", "utf8");
const pages = [
  readFileSync("README.md", "utf8"),
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => readFileSync(`docs/${file}`, "utf8")),
].join("\n");

/** Commands that do something, each by its words. */
function leaves(command: Command, words: readonly string[]): { words: readonly string[]; command: Command }[] {
  if (command.commands.length === 0) return [{ words, command }];
  return command.commands.flatMap((inner) => leaves(inner, [...words, inner.name()]));
}

describe("the commands", () => {
  it("are all in the table of docs/operations.md, and no other is", () => {
    const rows = [
      ...operations
        .split("## Commands")[1]!
        .split("\n## ")[0]!
        .matchAll(/^\| `rewardgate (\S+).* \|$/gm),
    ].map(([row]) => row.split("|")[1]!);
    const documented = rows.flatMap((cell) => {
      const [first = "", ...further] = [...cell.matchAll(/`(?:rewardgate )?([a-z ]+)`/g)].map(([, words]) => words!);
      const [group] = first.split(" ");
      return [first, ...further].map((words) => (first.includes(" ") && !words.includes(" ") ? `${group} ${words}` : words));
    });
    const known = leaves(program, []).map(({ words }) => words.join(" "));
    // `rewardgate judges` lists them.
    assert.deepEqual(documented.sort(), known.map((words) => (words === "judges list" ? "judges" : words)).sort());
  });

  it("have no flag that no page names", () => {
    const flags = [program, ...leaves(program, []).map(({ command }) => command)].flatMap(({ options }) =>
      options.map(({ long }) => long!),
    );
    assert.ok(flags.length > 60, String(flags.length));
    const missing = [...new Set(flags)].filter((flag) => !new RegExp(`${flag}\\b`).test(pages));
    assert.deepEqual(missing, []);
  });
});
