import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import type { ErrorReason } from "../../src/domain/errors.ts";
import { replay } from "../../src/state/replay.ts";
import { NO_STATES } from "../../src/state/service.ts";
import type { Retention } from "../../src/state/store.ts";
import { stateService } from "../support/states.ts";
import { STORE_KINDS, type StorePlace } from "../support/stores.ts";

const STATES = {
  safety: {
    kind: "multipliers",
    description: "Held to thresholds.",
    judges: { a: { threshold: 0.44 }, b: { threshold: 0.238 } },
    learningRate: 0.1,
  },
  experts: { kind: "hedge", judges: { a: {}, b: {} }, learningRate: 0.5 },
  scales: { kind: "runningScale", judges: ["a"] },
  bundles: { kind: "quantileTracker", share: 0.1 },
};
const MEANS = [
  { a: 0.3, b: 0.3 },
  { a: 0.5, b: null },
  { a: 0.6, b: 0.2 },
];

for (const { name, missing, place } of STORE_KINDS) {
  describe(`states in the ${name} store`, { skip: missing ?? false }, () => {
    let here: StorePlace;
    const closing: (() => Promise<void>)[] = [];
    let runs = 0;
    const freshRun = () => `run-${++runs}`;
    /** A replica of the gateway on the shared place. */
    const replica = async (states: Readonly<Record<string, object>> = STATES, retention?: Partial<Retention>) => {
      const store = await here.open(retention);
      const opened = stateService(states, store, () => Date.UTC(2026, 0, 2));
      closing.push(() => opened.calls.close());
      return { store, ...opened };
    };

    before(async () => {
      here = await place();
    });
    after(async () => {
      for (const close of closing) await close();
      await here.remove();
    });

    it("lists the states of the configuration with the number of their runs", async () => {
      const { service } = await replica({ listed: STATES.safety, tracker: STATES.bundles });
      const [run, other] = [freshRun(), freshRun()];
      await service.step("listed", run, "1", { meanRewards: { a: 1 } });
      await service.pin("listed", other);
      assert.deepEqual(await service.list(), [
        { name: "listed", kind: "multipliers", description: "Held to thresholds.", judges: ["a", "b"], runs: 2 },
        { name: "tracker", kind: "quantileTracker", description: "", judges: [], runs: 0 },
      ]);
    });

    it("has every run at version 0 before its first step, and reading starts nothing", async () => {
      const { service } = await replica();
      const run = freshRun();
      const start = { name: "experts", run, version: 0, kind: "hedge", value: { weights: { a: 0.5, b: 0.5 } } };
      assert.deepEqual(await service.read("experts", run), start);
      assert.deepEqual(await service.read("experts", run, 0), start);
      assert.deepEqual(await service.history("experts", run), []);
      await assert.rejects(service.read("experts", run, 1), { reason: "STATE_VERSION_NOT_FOUND" });
    });

    it("gives each step the next version, and every version the same value for ever", async () => {
      const { service } = await replica();
      const run = freshRun();
      const made = [await service.read("safety", run)];
      for (const [i, meanRewards] of MEANS.entries()) made.push(await service.step("safety", run, `step-${i}`, { meanRewards }));
      assert.deepEqual(
        made.map(({ version }) => version),
        [0, 1, 2, 3],
      );
      assert.equal(new Set(made.map(({ value }) => JSON.stringify(value))).size, 4);
      const other = await replica();
      for (const snapshot of made) assert.deepEqual(await other.service.read("safety", run, snapshot.version), snapshot);
      assert.deepEqual(await other.service.read("safety", run), made[3]);
    });

    it("gives a step id that comes again the version that it made, and refuses it with another input", async () => {
      const { service, metrics } = await replica();
      const run = freshRun();
      const first = await service.step("safety", run, "s", { meanRewards: { a: 0.3, b: 0.3 } });
      await service.step("safety", run, "t", { meanRewards: { a: 0.9 } });
      assert.deepEqual(await service.step("safety", run, "s", { meanRewards: { b: 0.3, a: 0.3 } }), first);
      await assert.rejects(service.step("safety", run, "s", { meanRewards: { a: 0.3, b: 0.31 } }), { reason: "STATE_STEP_CONFLICT" });
      await assert.rejects(service.step("safety", run, "s", { meanRewards: { a: 0.3 } }), { reason: "STATE_STEP_CONFLICT" });
      await assert.rejects(service.reset("safety", run, "s"), { reason: "STATE_STEP_CONFLICT" });
      await assert.rejects(service.step("safety", run, "u", { losses: { a: 1 } }), { reason: "REQUEST_INVALID" });
      assert.equal((await service.read("safety", run)).version, 2);
      const counts = (await metrics.state.steps.get()).values.filter(({ labels }) => labels.state === "safety");
      assert.deepEqual(Object.fromEntries(counts.map(({ labels, value }) => [labels.outcome, value])), {
        applied: 2,
        repeated: 1,
        reset: 0,
        conflict: 3,
        refused: 1,
      });
    });

    it("reads the pinned version while steps go on behind it, until it is unpinned", async () => {
      const { service } = await replica(STATES, { keepVersions: 2 });
      const run = freshRun();
      const pinned = await service.step("scales", run, "0", { scores: { a: [1, 3] } });
      assert.deepEqual(await service.pin("scales", run), pinned);
      let last = pinned;
      for (let i = 1; i < 6; i++) last = await service.step("scales", run, String(i), { scores: { a: [i] } });
      assert.deepEqual(await service.read("scales", run), pinned);
      assert.deepEqual(
        (await service.history("scales", run)).map(({ version, pinned }) => [version, pinned]),
        [
          [1, true],
          [5, false],
          [6, false],
        ],
      );
      await assert.rejects(service.pin("scales", run, 3), { reason: "STATE_VERSION_NOT_FOUND" });
      assert.deepEqual(await service.unpin("scales", run), last);
      assert.deepEqual(await service.read("scales", run), last);
      await assert.rejects(service.read("scales", run, 1), { reason: "STATE_VERSION_NOT_FOUND" });
    });

    it("can pin the initial value of a run before its first step", async () => {
      const { service } = await replica();
      const run = freshRun();
      await assert.rejects(service.pin("experts", run, 1), { reason: "STATE_VERSION_NOT_FOUND" });
      assert.equal((await service.pin("experts", run)).version, 0);
      assert.equal((await service.step("experts", run, "s", { losses: { a: 1 } })).version, 1);
      assert.equal((await service.read("experts", run)).version, 0);
    });

    it("resets to a new version with the initial value, once per step id, and keeps what was before", async () => {
      const { service } = await replica();
      const run = freshRun();
      const stepped = await service.step("experts", run, "s", { losses: { a: 1 } });
      const reset = await service.reset("experts", run, "r");
      assert.deepEqual([reset.version, reset.value], [2, { weights: { a: 0.5, b: 0.5 } }]);
      assert.deepEqual(await service.reset("experts", run, "r"), reset);
      assert.deepEqual(await service.read("experts", run, 1), stepped);
      const at = "2026-01-02T00:00:00.000Z";
      const history = await service.history("experts", run);
      assert.deepEqual(
        history.map(({ inputDigest: _, ...rest }) => rest),
        [
          { version: 0, change: "start", at, pinned: false },
          { version: 1, change: "step", stepId: "s", at, pinned: false },
          { version: 2, change: "reset", stepId: "r", at, pinned: false },
        ],
      );
      assert.match(history[1]!.inputDigest!, /^[0-9a-f]{32}$/);
    });

    it("keeps doubles to the bit, however awkward", async () => {
      const { service } = await replica();
      const awkward = [
        5e-324,
        2.2250738585072014e-308,
        1.7976931348623157e308,
        0.1 + 0.2,
        1 / 3,
        2 ** 53 - 1,
        1e21,
        123456789.12345679,
        -1e-7,
      ];
      const bits = (x: number) => new BigUint64Array(Float64Array.of(x).buffer)[0];
      const extremes = async (scores: readonly number[]) => {
        const run = freshRun();
        await service.step("bundles", run, "s", { bundleScores: [scores[0]!] });
        const { value } = await service.read("bundles", run);
        return (value as { quantiles: { down: number } }).quantiles.down;
      };
      for (const x of awkward) assert.equal(bits(await extremes([x])), bits(x), String(x));
      await fc.assert(
        fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (x) => {
          assert.equal(bits(await extremes([x])), bits(x === 0 ? 0 : x));
        }),
        { numRuns: 40 },
      );
    });

    it("refuses a step that would leave the range of doubles, and changes nothing", async () => {
      const { service } = await replica();
      const run = freshRun();
      await assert.rejects(service.step("scales", run, "s", { scores: { a: [1.5e308, -1.5e308] } }), { reason: "SCORE_NOT_FINITE" });
      assert.deepEqual(await service.history("scales", run), []);
      assert.equal((await service.step("scales", run, "s", { scores: { a: [1] } })).version, 1);
    });

    it("lets two replicas step one run at once: no step is lost, versions have no gap, and the log replays to the bit", async () => {
      const replicas = [await replica(), await replica()];
      const run = freshRun();
      const steps = Array.from({ length: 20 }, (_, i) => i);
      const made = await Promise.all(
        replicas.flatMap(({ service }, r) =>
          steps.map((i) => service.step("safety", run, `${r}-${i}`, { meanRewards: { a: r, b: i / 20 } })),
        ),
      );
      const versions = made.map(({ version }) => version).sort((x, y) => x - y);
      assert.deepEqual(
        versions,
        Array.from({ length: 40 }, (_, i) => i + 1),
      );
      const repeated = await replicas[0]!.service.step("safety", run, "1-7", { meanRewards: { a: 1, b: 7 / 20 } });
      assert.deepEqual(repeated, made[20 + 7]);
      assert.deepEqual(replay(await replicas[1]!.store.log({ state: "safety", run })), { replayed: 40, different: [] });
    });

    it("refuses what a run holds when its judges are no longer those of the state, until it is reset", async () => {
      const run = freshRun();
      const before = await replica({ moved: STATES.safety });
      await before.service.step("moved", run, "s", { meanRewards: { a: 1 } });
      const now = await replica({ moved: { ...STATES.safety, judges: { a: { threshold: 0 } } } });
      for (const refused of [
        () => now.service.read("moved", run),
        () => now.service.read("moved", run, 1),
        () => now.service.pin("moved", run),
        () => now.service.step("moved", run, "t", { meanRewards: { a: 1 } }),
        () => now.service.step("moved", run, "s", { meanRewards: { a: 1 } }),
      ]) {
        await assert.rejects(refused(), { reason: "STATE_STALE" });
      }
      const reset = await now.service.reset("moved", run, "r");
      assert.deepEqual([reset.version, reset.value], [2, { lambda: { a: 0.5 }, mu: { a: 0 }, velocity: { a: 0 } }]);
      assert.equal((await now.service.step("moved", run, "t", { meanRewards: { a: 1 } })).version, 3);
    });

    it("refuses what another program left in the place of a run's value or facts, and takes none of it for a number", async () => {
      const at = (run: string) => ({ state: "safety", run });
      const good = { lambda: { a: 0.5, b: 0.5 }, mu: { a: 0, b: 0 }, velocity: { a: 0, b: 0 } };
      const spoilt = [
        ...["", "{", "null", "7", '"x"', '{"kind":"multipliers"}', '{"kind":"multipliers","value":null}'],
        ...[
          { mu: { a: "0", b: 0 } },
          { lambda: {} },
          { velocity: { a: null, b: 0 } },
          { mu: [0, 0] },
          { lambda: { a: "0.5", b: 0.5 } },
        ].map((part) => JSON.stringify({ kind: "multipliers", value: { ...good, ...part } })),
      ];
      const facts = JSON.stringify({ change: "start", at: "2026-01-01T00:00:00.000Z" });
      const { service, store } = await replica();
      for (const value of spoilt) {
        const run = freshRun();
        await store.append(at(run), [{ version: 0, value, facts, cause: "{}" }], undefined);
        await assert.rejects(service.read("safety", run), { reason: "STATE_STALE" }, value);
        await assert.rejects(service.step("safety", run, "s", { meanRewards: { a: 1 } }), { reason: "STATE_STALE" }, value);
        const reset = await service.reset("safety", run, "r");
        assert.deepEqual([reset.version, reset.value], [1, good]);
      }
      const value = JSON.stringify({ kind: "multipliers", value: good });
      for (const facts of ["", "[]", '{"at":1}']) {
        const run = freshRun();
        await store.append(at(run), [{ version: 0, stepId: "s", value, facts, cause: "" }], undefined);
        await assert.rejects(service.history("safety", run), { reason: "STATE_STALE" }, facts);
        await assert.rejects(service.step("safety", run, "s", { meanRewards: { a: 1 } }), { reason: "STATE_STALE" }, facts);
        await store.append(at(run), [{ version: 1, stepId: "t", value, facts, cause: "{}" }], 0);
        assert.deepEqual(replay(await store.log(at(run))), { replayed: 1, different: [1] });
      }
    });

    it("goes on with a run under changed parameters, and replays each step under its own", async () => {
      const run = freshRun();
      const slow = await replica({ tuned: STATES.safety });
      await slow.service.step("tuned", run, "0", { meanRewards: { a: 1 } });
      const fast = await replica({ tuned: { ...STATES.safety, learningRate: 0.7 } });
      await fast.service.step("tuned", run, "1", { meanRewards: { a: 1 } });
      await fast.service.reset("tuned", run, "2");
      await slow.service.step("tuned", run, "3", { meanRewards: { a: 1, b: null } });
      const log = await slow.store.log({ state: "tuned", run });
      assert.deepEqual(replay(log), { replayed: 4, different: [] });
      const forged = log.map((stored) => ({ ...stored }));
      const state = JSON.parse(forged[1]!.value);
      state.value.mu.a += 1e-12;
      forged[1]!.value = JSON.stringify(state);
      assert.deepEqual(replay(forged).different, [1, 2], "a changed value differs from its step, and the next one from it");
    });

    it("knows no other states than those of the configuration", async () => {
      const { service } = await replica();
      const says = { reason: "STATE_NOT_FOUND" satisfies ErrorReason, message: /there are: safety, experts, scales, bundles/ };
      for (const refused of [
        service.read("nope", "r"),
        service.step("nope", "r", "s", {}),
        service.reset("nope", "r", "s"),
        service.pin("nope", "r"),
        service.unpin("nope", "r"),
        service.history("nope", "r"),
      ]) {
        await assert.rejects(refused, says);
      }
    });

    it("refuses calls once it is closing, and closes after those that run", async () => {
      const { service, calls } = await replica();
      const run = freshRun();
      const step = service.step("experts", run, "s", { losses: { a: 1 } });
      const closed = calls.close();
      await assert.rejects(service.read("experts", run), { reason: "SHUTTING_DOWN" });
      await step.catch((error: { reason: string }) => assert.equal(error.reason, "SHUTTING_DOWN"));
      await closed;
      closing.pop();
    });
  });
}

describe("a configuration without states", () => {
  it("has none to list and none to read", async () => {
    assert.deepEqual(await NO_STATES.list(), []);
    await assert.rejects(NO_STATES.read("safety", "run"), { reason: "STATE_NOT_FOUND", message: /the configuration has none/ });
  });
});
