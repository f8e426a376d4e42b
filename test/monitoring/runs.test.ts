import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { GatewayError } from "../../src/domain/errors.ts";
import type { AlarmKind, RunAlarm } from "../../src/domain/run.ts";
import { createReferenceWindow } from "../../src/monitoring/reference-window.ts";
import { openRuns, STREAM_PANEL, type StreamShape, streamOf } from "../support/run-stream.ts";

/** Items after `before` ordinary ones until an alarm of the kind was raised about the reward or a member. */
function delayOf(kind: AlarmKind, seed: number, before: number, shape: (item: number) => StreamShape, usual: StreamShape = {}) {
  const { runs, raised } = openRuns();
  const stream = streamOf(seed);
  for (let i = 0; i < before; i++) runs.observe(stream.next(usual));
  assert.equal(raised.length, 0);
  for (let i = 0; i < 3000; i++) {
    runs.observe(stream.next({ ...usual, ...shape(i) }));
    const alarm = raised.find((each) => each.kind === kind);
    if (alarm !== undefined) return { delay: i + 1, alarm };
  }
  return { delay: Infinity, alarm: undefined };
}

const SEEDS = [1, 2, 3];
const STREAMS: readonly [string, StreamShape][] = [
  ["one candidate per item", {}],
  ["eight candidates per item", { candidates: 8 }],
  ["candidates as items of their own", { repeats: 8, prompt: 0.5 }],
];

describe("alarms of a run", () => {
  for (const [name, usual] of STREAMS) {
    it(`a mean that moves by one standard deviation is told within 2,000 items: ${name}`, () => {
      for (const seed of SEEDS) {
        for (const mean of [1, -1]) {
          const { delay, alarm } = delayOf("mean_shift", seed, 1500, () => ({ mean }), usual);
          assert.ok(delay <= 2000, `${delay}`);
          assert.equal(Math.sign(alarm!.value), mean);
          assert.ok(Math.abs(alarm!.value) >= Math.abs(alarm!.threshold));
        }
      }
    });

    it(`scores that follow length are told within 3,000 items: ${name}`, () => {
      for (const seed of SEEDS) {
        assert.ok(delayOf("length_hacking", seed, 1500, () => ({ length: 0.7 }), usual).delay <= 3000);
        assert.ok(delayOf("length_hacking", seed, 1500, (item) => ({ length: (0.7 * item) / 3000 }), usual).delay <= 3000);
        assert.ok(delayOf("length_hacking", seed, 0, (item) => ({ length: Math.min(0.7, item / 3000) }), usual).delay <= 3000);
      }
    });
  }

  it("scores that follow shortness are told too", () => {
    const { alarm } = delayOf("length_hacking", 1, 1500, () => ({ length: -0.7 }));
    assert.ok(alarm!.value < 0 && alarm!.threshold < 0 && alarm!.value <= alarm!.threshold);
  });

  it("one score for everything is told within 1,000 items, after a good start and from the start", () => {
    for (const seed of SEEDS) {
      assert.ok(delayOf("collapse", seed, 1500, () => ({ constant: 0.25 })).delay <= 1000);
      assert.ok(delayOf("collapse", seed, 0, () => ({ constant: 0.25 })).delay <= 1000);
    }
  });

  it("a spread that doubles and one that halves are told", () => {
    assert.ok(delayOf("spread_shift", 1, 1500, () => ({ std: 2 })).alarm!.value > 1.5);
    assert.ok(delayOf("spread_shift", 1, 1500, () => ({ std: 0.5 })).alarm!.value < 1 / 1.5);
  });

  it("scores that fall into other places with the mean and the spread they had are told", () => {
    const twoHumps = (x: number) => Math.sign(x) * Math.sqrt(0.95 + 0.05 * x * x);
    const { alarm } = delayOf("distribution_shift", 1, 1500, () => ({ shape: twoHumps }));
    assert.ok(alarm!.value >= 0.25);
  });

  it("members that come to disagree are told, and the items where they do are named", () => {
    const { alarm } = delayOf("disagreement", 1, 1500, () => ({ agreement: -0.9 }), { agreement: 0.9 });
    assert.ok(alarm!.value >= alarm!.threshold && alarm!.threshold >= 1.5);
    assert.equal(alarm!.member, undefined);
    assert.equal(alarm!.examples.length, 5);
  });

  it("a reward that rises while the audit member falls is told about that member, and not when both rise", () => {
    const apart = delayOf("proxy_divergence", 1, 1500, (item) => ({ mean: item / 2000, audit: -item / 2000 }));
    assert.ok(apart.delay <= 2000);
    assert.deepEqual([apart.alarm!.member, apart.alarm!.judge], ["audit", "audit"]);
    const together = delayOf("proxy_divergence", 1, 1500, (item) => ({ mean: item / 2000, audit: item / 2000 }));
    assert.equal(together.delay, Infinity);
  });

  const STATIONARY: readonly [string, StreamShape][] = [
    ["normal scores", {}],
    ["groups whose score has always followed length a little", { candidates: 4, prompt: 0.7, length: 0.3 }],
    ["a rule that rarely fires", { shape: (x) => (x > 2.3 ? 1 : 0) }],
  ];
  for (const [name, shape] of STATIONARY) {
    it(`50,000 items of a stream that does not change raise at most one alarm: ${name}`, () => {
      const { runs, raised } = openRuns();
      const stream = streamOf(11);
      for (let i = 0; i < 50_000; i++) runs.observe(stream.next(shape));
      assert.ok(raised.length <= 1, JSON.stringify(raised));
    });
  }

  describe("that a reference stands for the baseline of", () => {
    const window = createReferenceWindow();
    const usual = streamOf(21);
    for (let i = 0; i < 1000; i++) {
      const observation = usual.next({ candidates: 2, length: 0.3 });
      window.add(observation.items[0]!, observation);
    }
    const known = { reference: "usual", panelRevision: STREAM_PANEL.revision, ...window.read() };
    const open = () => openRuns({ baselines: new Map([["chat", known]]) });

    it("tells a mean that was another one from the start, once half a window is there", () => {
      const { runs, raised } = open();
      const stream = streamOf(22);
      const feed = (items: number) => {
        for (let i = 0; i < items; i++) runs.observe(stream.next({ candidates: 2, length: 0.3, mean: 1 }));
      };
      feed(200);
      assert.equal(raised.length, 0);
      feed(200);
      assert.ok(raised.some(({ kind, member }) => kind === "mean_shift" && member === undefined));
    });

    it("stays calm over a run like the reference, whose scores follow length as much", () => {
      const { runs, raised } = open();
      const stream = streamOf(23);
      for (let i = 0; i < 10_000; i++) runs.observe(stream.next({ candidates: 2, length: 0.3 }));
      assert.deepEqual(raised, []);
      const [row] = runs.report("r", { groupBy: [] }).rows;
      assert.deepEqual([row!.drift!.baseline.source, row!.drift!.baseline.reference], ["reference", "usual"]);
    });

    it("gives way to what is pinned, in that run alone", () => {
      const { runs, raised } = open();
      const stream = streamOf(24);
      for (let i = 0; i < 500; i++) runs.observe(stream.next({ mean: 1 }));
      runs.pinBaseline("r");
      assert.equal(runs.report("r", { groupBy: [] }).rows[0]!.drift!.baseline.source, "pinned");
      const before = raised.length;
      for (let i = 0; i < 2000; i++) runs.observe(stream.next({ mean: 1 }));
      assert.equal(raised.length, before);
      runs.observe(stream.next({}, "another"));
      for (let i = 0; i < 100; i++) runs.observe(stream.next({}, "another"));
      assert.equal(runs.report("another", { groupBy: [] }).rows[0]!.drift!.baseline.source, "reference");
    });

    it("leaves a panel of another revision with its own first window", () => {
      const { runs } = openRuns({ baselines: new Map([["chat", { ...known, panelRevision: "sha256:bb" }]]) });
      const stream = streamOf(25);
      for (let i = 0; i < 500; i++) runs.observe(stream.next());
      assert.equal(runs.report("r", { groupBy: [] }).rows[0]!.drift!.baseline.source, "first_window");
    });

    it("is refused with too few scores", () => {
      const short = createReferenceWindow();
      const observation = streamOf(26).next();
      short.add(observation.items[0]!, observation);
      assert.throws(() => short.read(), /the panel's reward has 1 scores, and 50 are the least/);
    });
  });

  it("an alarm is raised once, says where, and is cleared when its measure has come back", () => {
    const { runs, raised } = openRuns();
    const stream = streamOf(5);
    const feed = (items: number, shape: StreamShape) => {
      for (let i = 0; i < items; i++) runs.observe(stream.next(shape));
    };
    feed(1000, {});
    feed(1500, { mean: 1 });
    const about = (alarms: readonly RunAlarm[]) => alarms.filter(({ kind, member }) => kind === "mean_shift" && member === "first");
    assert.equal(about(raised).length, 1);
    const [alarm] = about(raised);
    assert.deepEqual([alarm!.state, alarm!.panel, alarm!.judge, alarm!.domain, alarm!.items], ["raised", "chat", "first", undefined, 500]);
    // Steps are 64 items long, and the window reached up to the item at which it was raised.
    assert.equal(alarm!.lastStep, Math.floor((alarm!.raisedAtItem - 1) / 64));
    assert.equal(alarm!.policyVersion, `p${alarm!.lastStep}`);
    for (const id of alarm!.examples) assert.ok(Number(id.slice("item-".length)) >= alarm!.raisedAtItem - 500);
    feed(1500, {});
    const [cleared] = about(runs.alarms("r"));
    assert.equal(cleared!.state, "cleared");
    assert.ok(cleared!.clearedAtItem! > cleared!.raisedAtItem);
    assert.equal(about(raised).length, 1);
    assert.equal(runs.list()[0]!.alarms, runs.alarms("r").filter(({ state }) => state === "raised").length);
  });
});

describe("runs", () => {
  it("a pinned baseline is what later windows are held against", () => {
    const { runs } = openRuns();
    const stream = streamOf(3);
    for (let i = 0; i < 700; i++) runs.observe(stream.next());
    for (let i = 0; i < 700; i++) runs.observe(stream.next({ mean: 2 }));
    assert.ok(runs.list()[0]!.alarms > 0);
    const reward = () => runs.report("r", {}).rows[0]!.drift!;
    assert.ok(reward().meanShift! > 1.5);
    assert.equal(runs.pinBaseline("r"), 4);
    assert.deepEqual([reward().meanShift, reward().psi, reward().baseline.source], [0, 0, "pinned"]);
    for (let i = 0; i < 700; i++) runs.observe(stream.next({ mean: 2 }));
    assert.equal(runs.list()[0]!.alarms, 0);
  });

  it("a baseline takes half a window, and a run has to be known", () => {
    const { runs } = openRuns();
    const stream = streamOf(1);
    for (let i = 0; i < 249; i++) runs.observe(stream.next());
    const reasonOf = (call: () => unknown) => {
      try {
        call();
        return "none";
      } catch (error) {
        return (error as GatewayError).reason;
      }
    };
    assert.equal(
      reasonOf(() => runs.pinBaseline("r")),
      "BASELINE_TOO_SMALL",
    );
    runs.observe(stream.next());
    assert.equal(
      reasonOf(() => runs.pinBaseline("r")),
      "none",
    );
    for (const call of [() => runs.report("x", {}), () => runs.alarms("x"), () => runs.pinBaseline("x"), () => runs.forget("x")])
      assert.equal(reasonOf(call), "RUN_NOT_FOUND");
    runs.forget("r");
    assert.equal(
      reasonOf(() => runs.report("r", {})),
      "RUN_NOT_FOUND",
    );
  });

  it("domains have windows and alarms of their own, as many as allowed", () => {
    const { runs, raised } = openRuns({ maxDomains: 2 });
    const stream = streamOf(2);
    const domains = ["code", "chat", "late"];
    for (let i = 0; i < 3000; i++) runs.observe(stream.next({ domain: domains[i % 3]! }));
    assert.equal(raised.length, 0);
    for (let i = 0; i < 3000; i++) runs.observe(stream.next({ domain: domains[i % 3]!, mean: i % 3 === 0 ? 2 : 0 }));
    const told = new Set(raised.filter(({ kind }) => kind === "mean_shift").map(({ domain }) => domain));
    assert.deepEqual(told, new Set([undefined, "code"]));
    const { summary, rows } = runs.report("r", { groupBy: ["domain"] });
    assert.deepEqual(summary.domains, ["chat", "code"]);
    assert.deepEqual(
      rows.map(({ domain }) => domain),
      [undefined, "chat", "code"],
    );
  });

  it("one domain alone raises nothing beside what the whole raises", () => {
    const { runs, raised } = openRuns();
    const stream = streamOf(2);
    for (let i = 0; i < 3000; i++) runs.observe(stream.next({ domain: "code", mean: i < 1500 ? 0 : 2 }));
    assert.ok(raised.length > 0);
    assert.ok(raised.every(({ domain }) => domain === undefined));
  });

  it("an item that is sent again counts once, and one of another request under the same id counts", () => {
    const { runs } = openRuns();
    const observation = streamOf(1).next();
    for (let i = 0; i < 3; i++) runs.observe(observation);
    assert.equal(runs.list()[0]!.items, 1);
    runs.observe({ ...observation, requestId: "another" });
    runs.observe({ ...observation, step: 7 });
    assert.equal(runs.list()[0]!.items, 3);
    const [item] = observation.items;
    const failed = { ...item!, id: "failed", rewards: [null], members: item!.members.map(() => ({ scores: [null], tokens: 0 })) };
    runs.observe({ ...observation, items: [failed] });
    runs.observe({ ...observation, items: [{ ...item!, id: "failed" }] });
    assert.equal(runs.report("r", { groupBy: [] }).rows[0]!.items, 4);
  });

  it("another revision of a panel starts its windows anew", () => {
    const { runs } = openRuns();
    const stream = streamOf(1);
    for (let i = 0; i < 600; i++) runs.observe(stream.next({ constant: 1 }));
    assert.ok(runs.list()[0]!.alarms > 0);
    runs.observe({ ...stream.next(), panel: { ...STREAM_PANEL, revision: "sha256:bb" } });
    assert.equal(runs.report("r", { groupBy: [] }).rows[0]!.items, 1);
    assert.equal(runs.list()[0]!.alarms, 0);
  });

  it("a thousand runs take the memory of 32, and the last 32 are remembered, last heard of first", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { runs } = openRuns();
    const stream = streamOf(1);
    const held = () => {
      // Buffers that one collection finds are given back by the next.
      collect();
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return { heapUsed, arrayBuffers };
    };
    const feed = (from: number, to: number) => {
      for (let run = from; run < to; run++) for (let i = 0; i < 3; i++) runs.observe(stream.next({ candidates: 4 }, `run-${run}`));
    };
    const empty = held();
    feed(0, 64);
    const early = held();
    feed(64, 1000);
    const late = held();
    const ofOne = (early.arrayBuffers - empty.arrayBuffers) / 32;
    assert.ok(ofOne > 10_000, `${ofOne} bytes of windows in a run`);
    assert.ok(late.arrayBuffers < early.arrayBuffers + ofOne, `windows grew from ${early.arrayBuffers} to ${late.arrayBuffers} bytes`);
    // What was kept of each of the 936 forgotten runs would be more than this.
    assert.ok(late.heapUsed < early.heapUsed + 936 * ofOne * 0.1, `heap grew from ${early.heapUsed} to ${late.heapUsed} bytes`);
    assert.deepEqual(
      runs.list().map(({ run }) => run),
      Array.from({ length: 32 }, (_, i) => `run-${999 - i}`),
    );
  });
});
