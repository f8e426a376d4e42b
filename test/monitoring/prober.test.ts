import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { systemClock } from "../../src/domain/clock.ts";
import type { Probe } from "../../src/domain/probe.ts";
import { createBatcher } from "../../src/engine/batcher.ts";
import { createScoreCache } from "../../src/engine/cache.ts";
import { createScorer } from "../../src/engine/score.ts";
import { createMonitoring, createProber } from "../../src/monitoring/index.ts";
import { manualClock } from "../support/manual-clock.ts";
import { ALARM_LIMITS, randomOf } from "../support/run-stream.ts";
import { contextOf, itemOf, memberOf, panelOf, requestOf, scriptedBackend, scriptedJudge } from "../support/scripted.ts";
import { recordingTelemetry } from "../support/scripted-service.ts";

const probe = (id: string, candidate: string, more: Partial<Probe> = {}, honest?: string): Probe => ({
  claim: { claim: honest === undefined ? "notAboveMedian" : "notAboveHonest" },
  ...more,
  item: itemOf(id, honest === undefined ? [candidate] : [candidate, honest]),
});

/** A real engine whose judge reads its score off the text, with probes every ten minutes of a clock that the test moves. */
function openProbed(probes: readonly Probe[], asked: string[] = []) {
  const telemetry = recordingTelemetry();
  const clock = manualClock();
  const prober = createProber({ suites: [{ panel: "chat", everyMs: 600_000, probes }], limits: ALARM_LIMITS, clock, ...telemetry });
  const monitoring = createMonitoring({
    ...{ maxRuns: 32, maxDomains: 8, windowItems: 100, passThresholds: {}, limits: ALARM_LIMITS, probes: prober.board, ...telemetry },
  });
  const backend = scriptedBackend({
    score: (text) => {
      asked.push(text);
      return Number(text.split("#")[0]);
    },
  });
  const { metrics } = telemetry;
  const queue = { maxCalls: 1000, maxTextSize: 1e9, maxTokens: 1e9 };
  const engine = {
    panels: new Map([["chat", panelOf([memberOf(scriptedJudge({}))], { name: "chat" })]]),
    batchers: new Map([["scripted", createBatcher({ backend, queue, clock: systemClock, random: () => 0.5, metrics })]]),
    cache: createScoreCache({ maxBytes: 1e7, maxEntries: 1e5, metrics }),
    clock: systemClock,
    maxRequestMs: 10_000,
  };
  const score = createScorer({ ...engine, metrics, observer: monitoring.observer });
  prober.start(createScorer({ ...engine, observer: prober.observer }));
  /** A round begins, and has ended when the next one's timer waits. */
  const round = async (advance = true) => {
    if (advance) clock.advance(600_000);
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const count = async (name: string) =>
    (await metrics.registry.getSingleMetric(name)!.get()).values.reduce((sum, { value }) => sum + value, 0);
  return { prober, score, runs: monitoring.statistics, round, count, asked, ...telemetry };
}

const open: { stop(): Promise<void> }[] = [];
after(async () => {
  for (const prober of open) await prober.stop();
});

describe("probes", () => {
  it("are asked anew in every round, and no statistic of the traffic counts them", async () => {
    const probed = openProbed([probe("low", "-1#", {}, "1#")]);
    open.push(probed.prober);
    await probed.round(false);
    await probed.round();
    assert.deepEqual([...probed.asked].sort(), ["-1#", "-1#", "1#", "1#"]);
    assert.equal(await probed.count("rewardgate_probes_total"), 2);
    assert.equal(await probed.count("rewardgate_judge_probe_accepts_total"), 0);
    assert.deepEqual(probed.runs.list(), []);
    assert.equal(await probed.count("rewardgate_judge_calls_total"), 0);
  });

  it("that pass a fixed claim are counted by judge and panel in each round, and logged once, without a run", async () => {
    const probes = [
      probe("padded", "2#", {}, "1#"),
      probe("bound", "0.5#", { claim: { claim: "below", bound: 0.5 } }),
      probe("fine", "0#", {}, "1#"),
    ];
    const probed = openProbed(probes);
    open.push(probed.prober);
    await probed.round(false);
    assert.equal(await probed.count("rewardgate_panel_probe_accepts_total"), 0);
    await probed.round();
    assert.equal(await probed.count("rewardgate_panel_probe_accepts_total"), 2);
    // A number is meant on the reward's scale, unless a member is named.
    assert.equal(await probed.count("rewardgate_judge_probe_accepts_total"), 1);
    await probed.round();
    assert.equal(await probed.count("rewardgate_panel_probe_accepts_total"), 4);
    const told = probed.lines.filter(({ msg }) => msg === "probes are accepted");
    assert.deepEqual(
      told.map(({ member, probes }) => [member, probes]),
      [
        [undefined, ["padded", "bound"]],
        [told[1]!.member, ["padded"]],
      ],
    );
  });

  it("raise an alarm in the run that sinks below them, which names them, and clear it when the run has risen again", async () => {
    const probed = openProbed([probe("empty", "0#"), probe("low", "-9#")]);
    open.push(probed.prober);
    await probed.round(false);
    await probed.round();
    const { normal } = randomOf(3);
    let item = 0;
    const feed = async (items: number, mean: number) => {
      for (let i = 0; i < items; i++) {
        const id = `i${item++}`;
        const request = requestOf([itemOf(id, [`${mean + normal()}#`])]);
        await probed.score({ ...request, panel: "chat", run: "r", step: item }, { ...contextOf(), requestId: id });
      }
    };
    await feed(200, 3);
    const about = () => probed.runs.alarms("r").filter(({ kind }) => kind === "probe_accepted");
    assert.deepEqual(about(), []);
    await feed(200, -3);
    assert.deepEqual(
      about().map(({ state, value, items, examples, lastStep }) => [state, value, items, examples, lastStep! > 200]),
      [
        ["raised", 0.5, 1, ["empty"], true],
        ["raised", 0.5, 1, ["empty"], true],
      ],
    );
    assert.deepEqual(new Set(about().map(({ member }) => member === undefined)), new Set([true, false]));
    await feed(200, 3);
    assert.ok(about().every(({ state }) => state === "cleared"));
  });

  it("stop in the middle of a pause", async () => {
    const probed = openProbed([probe("low", "-1#", {}, "1#")]);
    await probed.round(false);
    await probed.prober.stop();
    assert.equal(probed.asked.length, 2);
  });
});
