import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import * as reward from "../../src/reward/library.ts";

/** The folders whose functions anyone may call with plain numbers. */
const files = ["src/reward", "src/evaluation"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file)),
);

/** The `@example` lines of a file: an expression, and what it gives. */
function examplesOf(file: string): { expression: string; result: string }[] {
  const lines = readFileSync(file, "utf8").matchAll(/^ \* @example (.+?) \/\/ → (.+)$/gm);
  return [...lines].map(([, expression, result]) => ({ expression: expression!, result: result! }));
}

describe("examples in doc comments give what they say", () => {
  for (const file of files.filter((file) => examplesOf(file).length > 0)) {
    it(file, async () => {
      // An example may use what stands beside the function: moments, softmax.
      const exported: Record<string, unknown> = { ...reward, ...(await import(pathToFileURL(file).href)) };
      for (const { expression, result } of examplesOf(file)) {
        const evaluate = (code: string) => new Function(...Object.keys(exported), `return ${code}`)(...Object.values(exported));
        const actual = evaluate(expression);
        const expected = evaluate(result);
        const near =
          typeof actual === "number" &&
          typeof expected === "number" &&
          Math.abs(actual - expected) <= 1e-12 * Math.max(1, Math.abs(expected));
        assert.ok(near || Object.is(actual, expected), `${expression} gives ${actual}, not ${result}`);
      }
    });
  }
});
