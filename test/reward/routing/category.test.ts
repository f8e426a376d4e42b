import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { routeByCategory } from "../../../src/reward/routing/category.ts";

const table = [
  { if: { domain: "math", verifiable: true }, to: "rule" },
  { if: { domain: "math" }, to: "process" },
];

describe("routeByCategory", () => {
  it("takes the first row of which every fact holds", () => {
    assert.deepEqual(routeByCategory({ domain: "math", verifiable: true, language: "de" }, table, "model"), { to: "rule", row: 0 });
    assert.deepEqual(routeByCategory({ domain: "math", verifiable: false }, table, "model"), { to: "process", row: 1 });
  });

  it("falls back when no row holds, and says so", () => {
    assert.deepEqual(routeByCategory({ domain: "chat" }, table, "model"), { to: "model", row: undefined });
    assert.deepEqual(routeByCategory({}, table, "model"), { to: "model", row: undefined });
  });

  it("compares values exactly, type and all, and reads no inherited fact", () => {
    assert.equal(routeByCategory({ level: 1 }, [{ if: { level: "1" }, to: 1 }], 0).to, 0);
    assert.equal(routeByCategory({}, [{ if: { constructor: "x" }, to: 1 }], 0).to, 0);
  });

  it("a row without facts takes everything", () => {
    assert.equal(routeByCategory({ any: 1 }, [{ if: {}, to: "all" }], "none").to, "all");
  });
});
