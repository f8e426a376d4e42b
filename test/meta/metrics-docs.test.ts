import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { CandidateStatus } from "../../src/domain/score.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

const page = readFileSync("docs/metrics.md", "utf8");
/** Cells of every table row whose line matches. */
const rows = (pattern: RegExp) =>
  page
    .split("\n")
    .filter((line) => pattern.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const code = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

const metrics = createMetrics({ version: "0", commit: "0" });
const { registry } = metrics;

/** Our metrics as they are now: name, type, help, and every series with its labels. */
async function ownMetrics() {
  return (await registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith("rewardgate_"));
}
/** The library gives the names of labels at run time and leaves them out of its types. */
const labelsOf = (name: string) => (registry.getSingleMetric(name) as unknown as { labelNames: readonly string[] }).labelNames;

describe("docs/metrics.md", () => {
  it("has one row per metric, with the type, the labels and the help text of the code", async () => {
    const documented = rows(/^\| `rewardgate_/).map(([name, type, labels, meaning]) => [code(name!)[0], type, code(labels!), meaning]);
    const inCode = (await ownMetrics()).map(({ name, type, help }) => [name, String(type), labelsOf(name), help]);
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
    for (const [label, values] of rows(/^\| `(?!rewardgate_)[a-z_]+`/)) {
      for (const name of code(label!)) documented.set(name, new Set([...(documented.get(name) ?? []), ...code(values!)]));
    }
    const free = new Set(["judge", "panel", "backend", "version", "commit", "node_version", "le"]);
    for (const metric of await ownMetrics()) {
      for (const { labels } of metric.values) {
        for (const [label, value] of Object.entries(labels)) {
          if (!free.has(label)) assert.ok(documented.get(label)?.has(String(value)), `${metric.name}: ${label}="${value}"`);
        }
      }
    }
  });

  it("has a series for every status of a candidate before the first one", async () => {
    const statuses: Record<CandidateStatus, number> = { complete: 0, degraded: 0, vetoed: 0, failed: 0 };
    metrics.declarePanel("panel");
    const { values } = await metrics.candidates.get();
    assert.deepEqual(Object.fromEntries(values.map(({ labels, value }) => [labels.status, value])), statuses);
  });

  it("keeps the naming rules: one prefix, _total on counters and on nothing else, base units", async () => {
    for (const { name, type } of await ownMetrics()) {
      assert.equal(name.endsWith("_total"), String(type) === "counter", name);
      assert.doesNotMatch(name, /_(ms|milliseconds|kb|mb|percent)(_|$)/, name);
    }
  });
});
