import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { GOLDEN_VECTORS, readVectors } from "../support/vectors.ts";
import { FAMILIES, METHODS } from "./method-table/index.ts";
import { checkVectors, differencesOf } from "./method-table/table.ts";

const vectors = readVectors(GOLDEN_VECTORS);

describe("the worked vectors", () => {
  for (const { id, status, vectors: n, failures } of checkVectors(vectors, METHODS)) {
    it(`${id} gives the results of its ${n} vectors`, () => {
      assert.notEqual(status, "unknown", "no adapter has this id");
      assert.deepEqual(failures, []);
    });
  }

  it("use every adapter", () => {
    const ids = new Set(vectors.map(({ method }) => method));
    assert.deepEqual(
      Object.keys(METHODS).filter((id) => !ids.has(id)),
      [],
    );
  });

  it("have ids of which no two families speak", () => {
    const named = Object.values(FAMILIES).flatMap((family) => Object.keys(family));
    assert.equal(new Set(named).size, named.length);
  });

  it("are 392, all of them run", () => {
    const passed = checkVectors(vectors, METHODS).filter(({ status }) => status === "passed");
    assert.equal(
      passed.reduce((total, { vectors: n }) => total + n, 0),
      392,
    );
    assert.equal(vectors.length, 392);
  });
});

describe("checkVectors(vectors, table)", () => {
  const vector = { method: "a.half", case: "c", input: { x: 1 }, params: {}, expected: { y: 0.5 } };
  const statusOf = (table: Parameters<typeof checkVectors>[1]) => checkVectors([vector], table)[0]!.status;

  it("tells passed, failed and unknown ids apart", () => {
    assert.equal(statusOf({ "a.half": ({ x }) => ({ y: x / 2 }) }), "passed");
    assert.equal(statusOf({ "a.half": ({ x }) => ({ y: x / 3 }) }), "failed");
    assert.equal(statusOf({ "a.half": () => ({}) }), "failed");
    assert.equal(statusOf({}), "unknown");
    assert.equal(statusOf({ "b.half": ({ x }) => ({ y: x / 2 }) }), "unknown");
  });

  it("takes an adapter that throws as a failure", () => {
    const table = {
      "a.half": () => {
        throw new Error("no halves");
      },
    };
    assert.deepEqual(checkVectors([vector], table)[0]!.failures, ["c: throws Error: no halves"]);
  });

  it("compares numbers to 1e-6, relative above 1, and everything else exactly", () => {
    const same = (actual: unknown, expected: unknown) => differencesOf(actual, expected, "").length === 0;
    assert.ok(same(0.1 + 9e-7, 0.1) && !same(0.1 + 2e-6, 0.1));
    assert.ok(same(1e6 + 0.9, 1e6) && !same(1e6 + 2, 1e6));
    assert.ok(same(-Infinity, "-Infinity") && !same(Infinity, "-Infinity") && !same(0, "-Infinity"));
    assert.ok(same(Number.NaN, "NaN") && !same(Number.NaN, 0) && !same(Number.NaN, null));
    assert.ok(same(null, null) && !same(undefined, null) && !same(0, null) && !same(null, 0));
    assert.ok(same(true, true) && !same(1, true) && !same("1", 1));
    assert.ok(same(Float64Array.of(1, 2), [1, 2]) && !same([1], [1, 2]) && !same([1, 2, 3], [1, 2]));
    assert.ok(same({ a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] }) && !same({ a: [{ c: 2 }] }, { a: [{ b: 1 }] }));
    assert.ok(!same({ length: 0 }, [1]) && !same([], { a: 1 }) && same({}, {}));
  });
});

describe("npm run test:vectors -- FILE", () => {
  const script = fileURLToPath(new URL("../../scripts/vectors.ts", import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["--import", "tsx", script, ...args], { encoding: "utf8", timeout: 600_000 });
  const quantile = (value: number) => ({
    method: "num.quantile_type7",
    case: "q",
    input: { x: [1, 2] },
    params: { q: 0.5 },
    expected: { value },
  });

  it("reports every id and exits with 0 when all pass, with 1 on a failure or an unknown id", () => {
    const folder = mkdtempSync(join(tmpdir(), "vectors-"));
    try {
      const file = join(folder, "fresh.json");
      const runOn = (list: readonly object[]) => {
        writeFileSync(file, JSON.stringify(list));
        return run(file);
      };
      const good = runOn([quantile(1.5), quantile(1.5)]);
      assert.equal(good.status, 0, good.stderr);
      assert.match(good.stdout, /^passed +num\.quantile_type7 +2$/m);

      const bad = runOn([quantile(1.6), { ...quantile(0), method: "nobody.knows" }]);
      assert.equal(bad.status, 1);
      assert.match(bad.stdout, /^failed +num\.quantile_type7 +1$/m);
      assert.match(bad.stdout, /value is 1\.5, expected 1\.6/);
      assert.match(bad.stdout, /^unknown +nobody\.knows +1$/m);

      assert.equal(runOn([]).status, 1);
      assert.equal(run(join(folder, "absent.json")).status, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
