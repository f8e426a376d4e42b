import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createMetrics } from "../../src/telemetry/metrics.ts";

const page = readFileSync("docs/metrics.md", "utf8");
/** Cells of every table row whose first cell matches. */
const rows = (pattern: RegExp) =>
  page
    .split("\n")
    .filter((line) => pattern.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1));
const code = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

const metrics = createMetrics({ version: "0", commit: "0" });
const own = metrics.registry.getMetricsAsArray().filter(({ name }) => name.startsWith("rewardgate_"));

describe("docs/metrics.md", () => {
  it("has one row per metric, with the type, the labels and the help text of the code", async () => {
    const documented = rows(/^\| `rewardgate_/).map(([name, type, labels, meaning]) => ({
      name: code(name!)[0],
      type,
      labels: code(labels!),
      meaning,
    }));
    const inCode = await Promise.all(
      own.map(async (metric) => ({
        name: metric.name,
        type: String((await metric.get()).type),
        labels: "labelNames" in metric ? (metric.labelNames as string[]) : [],
        meaning: (await metric.get()).help,
      })),
    );
    assert.deepEqual(documented, inCode);
  });

  it("says of each metric when it moves", () => {
    for (const [name, , , , moves] of rows(/^\| `rewardgate_/)) assert.ok(moves && moves.length > 5, name);
  });

  it("names every label, and every value that exists before the first request", async () => {
    metrics.declarePanel("panel");
    metrics.declareJudge("judge");
    metrics.declareBackend("backend");
    const documented = new Map<string, Set<string>>();
    for (const [label, values] of rows(/^\| `[a-z_]+`( of| \||, )/)) {
      if (label!.includes("rewardgate_")) continue;
      for (const name of code(label!)) documented.set(name, new Set([...(documented.get(name) ?? []), ...code(values!)]));
    }
    const free = new Set([
      "judge",
      "panel",
      "backend",
      "version",
      "commit",
      "node_version",
      "kind",
      "revision",
      "device",
      "determinism",
      "le",
    ]);
    for (const metric of own) {
      for (const { labels } of (await metric.get()).values) {
        for (const [label, value] of Object.entries(labels)) {
          if (free.has(label)) continue;
          assert.ok(documented.get(label)?.has(String(value)), `${metric.name}: ${label}="${value}"`);
        }
      }
    }
  });

  it("keeps the naming rules: one prefix, _total on counters and on nothing else, base units", async () => {
    for (const metric of own) {
      const { type } = await metric.get();
      assert.equal(metric.name.endsWith("_total"), String(type) === "counter", metric.name);
      assert.doesNotMatch(metric.name, /_(ms|milliseconds|kb|mb|percent)(_|$)/, metric.name);
    }
  });
});
