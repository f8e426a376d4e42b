import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { systemClock } from "../../src/domain/clock.ts";
import type { RewardService } from "../../src/domain/service.ts";
import { createBatcher } from "../../src/engine/batcher.ts";
import { createScoreCache } from "../../src/engine/cache.ts";
import { createScorer } from "../../src/engine/score.ts";
import { ScoreRequest } from "../../src/gen/rewardgate/v1/reward_service.ts";
import * as wire from "../../src/gen/rewardgate/v1/run_service.ts";
import { createMonitoring } from "../../src/monitoring/index.ts";
import { ErrorJson } from "../../src/transport/http/response-schema.ts";
import { ForgottenJson, PinBaselineJson, RunAlarmsJson, RunReportJson, RunsJson } from "../../src/transport/http/run-schema.ts";
import { ALARM_LIMITS, randomOf } from "../support/run-stream.ts";
import { contextOf, itemOf, memberOf, panelOf, requestOf, scriptedBackend, scriptedJudge } from "../support/scripted.ts";
import { recordingTelemetry, scriptedService } from "../support/scripted-service.ts";
import { openGrpc, openHttp } from "../support/servers.ts";
import { unaryCalls } from "../support/unary-calls.ts";
import { itemJson, itemProto } from "../support/wire-requests.ts";

/** A real engine whose judge reads its score off the text, `<score>#<filler>`, with its statistics, behind both wires. */
const telemetry = recordingTelemetry();
const { metrics } = telemetry;
const monitoring = createMonitoring({
  maxRuns: 32,
  maxDomains: 8,
  windowItems: 100,
  passThresholds: {},
  limits: ALARM_LIMITS,
  ...telemetry,
});
const backend = scriptedBackend({ score: (text) => Number(text.split("#")[0]) });
const queue = { maxCalls: 1000, maxTextSize: 1e9, maxTokens: 1e9 };
const score = createScorer({
  panels: new Map([["chat", panelOf([memberOf(scriptedJudge({}))], { name: "chat" })]]),
  batchers: new Map([["scripted", createBatcher({ backend, queue, clock: systemClock, random: () => 0.5, metrics })]]),
  cache: createScoreCache({ maxBytes: 1e7, maxEntries: 1e5, metrics }),
  clock: systemClock,
  maxRequestMs: 10_000,
  metrics,
  observer: monitoring.observer,
});
const service: RewardService = { ...scriptedService(), score };
const runs = monitoring.statistics;
let http: Awaited<ReturnType<typeof openHttp>>;
let grpc: Awaited<ReturnType<typeof openGrpc>>;
let client: InstanceType<typeof wire.RunServiceClient>;

before(async () => {
  http = await openHttp({ service, runs, ...telemetry });
  grpc = await openGrpc({ service, runs, ...telemetry });
  client = new wire.RunServiceClient(grpc.address, credentials.createInsecure());
});
after(async () => {
  client.close();
  await http.close();
  await grpc.close();
});

const ask = unaryCalls(() => client);
const methods = wire.RunServiceService;
const call = (verb: string, path: string) => fetch(`${http.url}/v1/runs${path}`, { method: verb });
const read = async (path: string) => (await call("GET", path)).json();

const { normal } = randomOf(9);
let sent = 0;
/** One request of items with two candidates each, over one wire or the other. */
async function send(run: string, items: number, step: number, shift = 0): Promise<void> {
  const texts = Array.from({ length: items }, () => [0, 1].map(() => `${normal() + shift}#${"x".repeat(Math.floor(50 + 10 * normal()))}`));
  const labels = { run, step, policyVersion: `p-${step}` };
  const ids = texts.map(() => `item-${sent++}`);
  if (step % 2 === 0) {
    const body = {
      panel: "chat",
      items: texts.map((each, i) => ({ ...itemJson(ids[i]!, ...each), domain: i % 2 === 0 ? "code" : "chat" })),
      ...labels,
    };
    assert.equal((await http.post("/v1/score", JSON.stringify(body))).status, 200);
  } else {
    const protos = texts.map((each, i) => ({ ...itemProto(ids[i]!, ...each), domain: i % 2 === 0 ? "code" : "chat" }));
    await grpc.score(ScoreRequest.fromPartial({ panel: "chat", items: protos, ...labels }));
  }
}

test("a run that is scored over both wires is told of over both, in the same numbers", async () => {
  for (let step = 0; step < 20; step++) await send("night run/1", 16, step);
  for (let step = 20; step < 40; step++) await send("night run/1", 16, step, 2);
  const path = "/night%20run%2F1";

  const { runs: list } = RunsJson.parse(await read(""));
  assert.deepEqual(
    list.map(({ run, items, panels, domains, firstStep, lastStep, policyVersion }) => [
      run,
      items,
      panels,
      domains,
      firstStep,
      lastStep,
      policyVersion,
    ]),
    [["night run/1", 640, ["chat"], ["chat", "code"], 0, 39, "p-39"]],
  );
  assert.ok(list[0]!.alarms > 0);
  assert.deepEqual((await ask(methods.listRuns, {})).runs, list);

  const report = RunReportJson.parse(await read(path));
  assert.deepEqual(
    report.rows.map(({ domain, judge, items, scores }) => [domain, judge, items, scores]),
    [undefined, "chat", "code"].flatMap((domain) => [undefined, "judge"].map((judge) => [domain, judge, 100, 200])),
  );
  assert.ok(report.rows[0]!.drift!.meanShift! > 1.5 && report.rows[0]!.lastStep === 39);
  const proto = await ask(methods.getRun, wire.GetRunRequest.fromPartial({ run: "night run/1" }));
  // What JSON leaves out is undefined, or an empty map, there.
  const plain = JSON.parse(JSON.stringify(proto), (key, value) =>
    key === "gating" && Object.keys(value).length === 0 ? undefined : value,
  );
  assert.deepEqual(plain, JSON.parse(JSON.stringify(report)));

  const byPolicy = RunReportJson.parse(await read(`${path}?domain=code&judge=judge&groupBy=policyVersion`));
  assert.deepEqual(
    byPolicy.rows.map(({ domain, judge, policyVersion, items }) => [domain, judge, policyVersion, items]),
    Array.from({ length: 13 }, (_, i) => ["code", "judge", `p-${27 + i}`, i === 0 ? 4 : 8]),
  );
  const sameByPolicy = wire.GetRunRequest.fromPartial({ run: "night run/1", domain: "code", judge: "judge", groupBy: [3] });
  assert.deepEqual(
    (await ask(methods.getRun, sameByPolicy)).rows.map(({ mean }) => mean),
    byPolicy.rows.map(({ mean }) => mean),
  );

  const { alarms } = RunAlarmsJson.parse(await read(`${path}/alarms`));
  const shift = alarms.find(({ kind, judge, domain }) => kind === "mean_shift" && judge === "judge" && domain === undefined)!;
  assert.ok(shift.value > 0.5 && shift.lastStep! >= 20 && shift.examples.length === 5);
  const overGrpc = await ask(methods.listRunAlarms, { run: "night run/1" });
  assert.deepEqual(
    overGrpc.alarms.map(({ number, kind, state, value, examples }) => [number, kind, state, value, examples]),
    alarms.map(({ number, kind, state, value, examples }) => [
      number,
      wire.AlarmKind[`ALARM_KIND_${kind.toUpperCase()}` as keyof typeof wire.AlarmKind],
      state === "raised" ? 1 : 2,
      value,
      examples,
    ]),
  );

  assert.deepEqual(PinBaselineJson.parse(await (await call("POST", `${path}:pinBaseline`)).json()), { baselines: 6 });
  assert.equal((await ask(methods.pinRunBaseline, { run: "night run/1" })).baselines, 6);
  assert.equal(RunReportJson.parse(await read(path)).rows[0]!.drift!.baseline.source, "pinned");
});

test("alarms are in the log and counted by kind, and neither holds text", async () => {
  const logged = telemetry.lines.filter(({ msg }) => msg === "alarm raised");
  assert.ok(logged.some(({ run, alarm, panel }) => run === "night run/1" && alarm === "mean_shift" && panel === "chat"));
  assert.doesNotMatch(JSON.stringify(logged), /#x/);
  const { values } = await metrics.runAlarms.get();
  const total = values.reduce((sum, { value }) => sum + value, 0);
  assert.equal(total, logged.length);
});

test("names of runs are no labels: a thousand of them leave the series as they are, and 32 are remembered", async () => {
  const series = async () => (await metrics.registry.metrics()).split("\n").filter((line) => line.startsWith("rewardgate_")).length;
  const before = await series();
  for (let run = 0; run < 1000; run++)
    await score({ ...requestOf([itemOf("a", ["1#x"])]), panel: "chat", run: `many-${run}` }, contextOf());
  for (let run = 0; run < 4; run++) await send(`more-${run}`, 2, run);
  assert.equal(await series(), before);
  const { runs: list } = RunsJson.parse(await read(""));
  assert.equal(list.length, 32);
  assert.match(await metrics.registry.metrics(), /rewardgate_runs_active 32/);
  assert.match(await metrics.registry.metrics(), /rewardgate_judge_drift_psi\{judge="judge"\} /);
});

test("a run is forgotten over either wire, and then unknown", async () => {
  await send("one", 1, 0);
  await send("two", 1, 1);
  assert.deepEqual(ForgottenJson.parse(await (await call("DELETE", "/one")).json()), {});
  await ask(methods.deleteRun, { run: "two" });
  for (const [verb, path] of [
    ["GET", "/one"],
    ["GET", "/two/alarms"],
    ["POST", "/one:pinBaseline"],
    ["DELETE", "/two"],
  ] as const) {
    const response = await call(verb, path);
    assert.equal(response.status, 404);
    assert.equal(ErrorJson.parse(await response.json()).error.reason, "RUN_NOT_FOUND");
  }
  await assert.rejects(ask(methods.getRun, wire.GetRunRequest.fromPartial({ run: "one" })), {
    code: status.NOT_FOUND,
  } satisfies Partial<ServiceError>);
});

test("a baseline that is too small, a query that is not understood and a run without a name are refused", async () => {
  await send("small", 10, 2);
  const refusals: [string, string, number, string][] = [
    ["POST", "/small:pinBaseline", 409, "BASELINE_TOO_SMALL"],
    ["GET", "/small?groupby=domain", 400, "REQUEST_INVALID"],
    ["GET", "/small?groupBy=language", 400, "REQUEST_INVALID"],
    ["GET", "/small?domain=a&domain=b", 400, "REQUEST_INVALID"],
    ["GET", `/${"x".repeat(129)}`, 413, "TOO_LARGE"],
    ["GET", "/a%00b", 400, "REQUEST_INVALID"],
    ["PUT", "/small", 405, "METHOD_NOT_ALLOWED"],
  ];
  for (const [verb, path, code, reason] of refusals) {
    const response = await call(verb, path);
    assert.equal(response.status, code, path);
    assert.equal(ErrorJson.parse(await response.json()).error.reason, reason);
  }
  assert.equal((await call("PUT", "/small")).headers.get("allow"), "GET, DELETE");
  for (const request of [{ run: "" }, { run: "small", groupBy: [0 as const] }])
    await assert.rejects(ask(methods.getRun, wire.GetRunRequest.fromPartial(request)), { code: status.INVALID_ARGUMENT });
});
