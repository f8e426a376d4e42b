import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { GRPCInferenceServiceService } from "../../src/gen/inference/grpc_service.ts";
import { CandidateStatus, Outcome } from "../../src/gen/rewardgate/v1/reward.ts";
import { RewardServiceService } from "../../src/gen/rewardgate/v1/reward_service.ts";
import { RunServiceService } from "../../src/gen/rewardgate/v1/run_service.ts";
import { StateServiceService } from "../../src/gen/rewardgate/v1/state_service.ts";
import { InfoService, PredictService, RerankService } from "../../src/gen/tei/v1/tei.ts";
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

/** Where code says under which name a route or a call is counted. */
const METHOD_OF_A_ROUTE = /(?:\bmethod: |\b(?:call|stream)\(|\bofModel\(\s*"[^"]*",\s*|\bget\("[^"]*", |\bchange\("[a-z]+", )"([A-Z]\w+)"/g;

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

  it("has a series from the start for every status of a candidate and every outcome of a judge that answers have", async () => {
    metrics.declarePanel("panel");
    metrics.declareJudge("judge");
    const words = (enumeration: object, prefix: string) =>
      Object.keys(enumeration).flatMap((name) =>
        name.startsWith(prefix) && !name.endsWith("_UNSPECIFIED") ? [name.slice(prefix.length).toLowerCase()] : [],
      );
    const values = async (name: string, label: string) =>
      (await ownMetrics()).find((metric) => metric.name === name)!.values.map(({ labels }) => String(labels[label as never]));
    assert.deepEqual((await values("rewardgate_candidates_total", "status")).sort(), words(CandidateStatus, "CANDIDATE_STATUS_").sort());
    assert.deepEqual((await values("rewardgate_judge_calls_total", "outcome")).sort(), words(Outcome, "OUTCOME_").sort());
  });

  it("has a series from the start for the probes that a judge accepts, which its first round may", async () => {
    metrics.declareJudge("judge");
    const accepts = (await ownMetrics()).find(({ name }) => name === "rewardgate_judge_probe_accepts_total")!;
    assert.deepEqual(
      accepts.values.map(({ labels, value }) => [labels, value]),
      [[{ judge: "judge" }, 0]],
    );
  });

  it("has a series from the start for every reason and priority of a refusal, and for evictions", async () => {
    const series = async (name: string) =>
      (await ownMetrics())
        .find((metric) => metric.name === name)!
        .values.map(({ labels, value }) => [Object.values(labels).join(" "), value]);
    const listed = (label: string) => code(rows(new RegExp(`^\\| ${label} \\|`))[0]![1]!);
    const refusals = listed("`reason` of rejections").flatMap((reason) =>
      listed("`priority`").map((priority) => [`${reason} ${priority}`, 0]),
    );
    assert.equal(refusals.length, 9);
    assert.deepEqual(await series("rewardgate_rejections_total"), refusals);
    assert.deepEqual(await series("rewardgate_cache_evictions_total"), [["l1", 0]]);
  });

  it("names every method under which requests are counted, wires included", () => {
    const sources = readdirSync("src/transport", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const inRoutes = sources.flatMap((file) =>
      [...readFileSync(`src/transport/${file}`, "utf8").matchAll(METHOD_OF_A_ROUTE)].map(([, method]) => method!),
    );
    const overGrpc = [RewardServiceService, StateServiceService, RunServiceService, GRPCInferenceServiceService].flatMap(Object.values);
    const refusedUnread = [InfoService, PredictService, RerankService].flatMap(Object.values).filter(({ requestStream }) => !requestStream);
    const named = [...overGrpc, ...refusedUnread].map(({ path }) => String(path).split("/")[2]!);
    const documented = rows(/^\| `method`/).flatMap(([, values]) => code(values!));
    assert.deepEqual([...new Set(documented)].sort(), [...new Set([...inRoutes, ...named, "Unknown"])].sort());
  });

  it("keeps the naming rules: one prefix, _total on counters and on nothing else, base units", async () => {
    for (const { name, type } of await ownMetrics()) {
      assert.equal(name.endsWith("_total"), String(type) === "counter", name);
      assert.doesNotMatch(name, /_(ms|milliseconds|kb|mb|percent)(_|$)/, name);
    }
  });
});

describe("docs/operations.md", () => {
  const alerts = readFileSync("docs/operations.md", "utf8").split("## What to alert on")[1]!.split("\n## ")[0]!;

  it("alerts on metrics that exist, and on every way that work fails or is about to", async () => {
    const named = new Set([...alerts.matchAll(/\brewardgate_[a-z_]+/g)].map(([name]) => name));
    const known = new Set((await ownMetrics()).map(({ name }) => name));
    for (const name of named) assert.ok(known.has(name), name);
    // Of a judge that hangs, requests alone tell: candidates are counted where there is an answer.
    for (const name of ["requests_total", "candidates_total", "rejections_total", "ready", "judge_up", "workers", "worker_restarts_total"])
      assert.ok(named.has(`rewardgate_${name}`), name);
  });
});
