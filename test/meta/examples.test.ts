import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { close } from "../support/vectors.ts";

/** Doc comments of exported functions, with the name of each. */
const EXPORTED_FUNCTION = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport function (\w+)/g;

const files = ["src/reward", "src/evaluation", "src/judges"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file))
    .sort(),
);
const library = Object.assign(
  {},
  await import("../../src/reward/library.ts"),
  await import("../../src/evaluation/index.ts"),
  await import("../../src/judges/library.ts"),
);

/** What an expression gives, with everything that the module and the library export in scope. */
function evaluate(expression: string, scope: Readonly<Record<string, unknown>>): unknown {
  return new Function(...Object.keys(scope), `"use strict"; return (${expression});`)(...Object.values(scope));
}

describe("examples of doc comments", () => {
  for (const file of files) {
    const functions = [...readFileSync(file, "utf8").matchAll(EXPORTED_FUNCTION)];
    const examples = functions.flatMap(([, comment, name]) =>
      [...comment!.matchAll(/@example (.+) \/\/ → (.+)/g)].map(([, expression, result]) => ({
        name: name!,
        expression: expression!,
        result: result!,
      })),
    );
    if (examples.length === 0) continue;
    it(`of ${file} give what they say`, async () => {
      const scope = { ...library, ...(await import(pathToFileURL(file).href)) };
      for (const { name, expression, result } of examples) {
        const found = evaluate(expression, scope);
        const expected = evaluate(result, scope);
        const same = typeof expected === "number" && typeof found === "number" && close(found, expected, 1e-12);
        if (!same) assert.deepEqual(found, expected, `${name}: ${expression}`);
        assert.ok(expression.includes(name), `the example of ${name} does not call it`);
      }
    });
  }
});
