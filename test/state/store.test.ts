import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { openEmbeddedStore } from "../../src/state/embedded-store.ts";
import type { RunKey, StateStore, StoredVersion } from "../../src/state/store.ts";
import { STORE_KINDS, type StorePlace } from "../support/stores.ts";

const version = (number: number): StoredVersion => ({
  version: number,
  ...(number > 0 && { stepId: `step ${number} ü` }),
  value: `value ${number}`,
  facts: `facts ${number}`,
  cause: `cause ${number}`,
});
const versions = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => version(from + i));

/** Appends one after the other, as steps do. */
async function appendEach(store: StateStore, at: RunKey, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) assert.equal(await store.append(at, [version(number)], number - 1), "appended");
}

for (const { name, missing, place } of STORE_KINDS) {
  describe(`the ${name} store`, { skip: missing ?? false }, () => {
    let here: StorePlace;
    const open: StateStore[] = [];
    let runs = 0;
    const store = async (...retention: Parameters<StorePlace["open"]>) => {
      const opened = await here.open(...retention);
      open.push(opened);
      return opened;
    };
    /** A run, and a state, that no other test touches. */
    const fresh = (): RunKey => ({ state: `state-${++runs}`, run: `run: {${runs}} 漢` });

    before(async () => {
      here = await place();
    });
    after(async () => {
      for (const each of open) await each.close();
      await here.remove();
    });

    it("knows nothing of a run that was never stepped", async () => {
      const [one, at] = [await store(), fresh()];
      assert.equal(await one.read(at), undefined);
      assert.equal(await one.read(at, 0), undefined);
      assert.equal(await one.find(at, "step"), undefined);
      assert.equal(await one.pin(at, 0), false);
      await one.unpin(at);
      assert.deepEqual(await one.history(at), { versions: [], pinned: undefined });
      assert.deepEqual(await one.log(at), []);
      assert.equal(await one.runs(at.state), 0);
    });

    it("gives back every version whole, and the latest without being asked for one", async () => {
      const [one, at] = [await store(), fresh()];
      assert.equal(await one.append(at, versions(0, 1), undefined), "appended");
      await appendEach(one, at, 2, 4);
      assert.deepEqual(await one.read(at), { found: { version: 4, value: "value 4" } });
      assert.deepEqual(await one.read(at, 0), { found: { version: 0, value: "value 0" } });
      assert.deepEqual(await one.read(at, 5), { found: undefined });
      assert.deepEqual(await one.log(at), versions(0, 4));
      const listed = versions(0, 4).map(({ version, facts }) => ({ version, facts }));
      assert.deepEqual(await one.history(at), { versions: listed, pinned: undefined });
      assert.equal(await one.runs(at.state), 1);
    });

    it("finds the version that a step id made, by the whole id", async () => {
      const [one, at] = [await store(), fresh()];
      await one.append(at, versions(0, 3), undefined);
      const latest = { version: 3, value: "value 3" };
      assert.deepEqual(await one.find(at, "step 2 ü"), { latest, made: { version: 2, value: "value 2", facts: "facts 2" } });
      assert.deepEqual(await one.find(at, "step 2"), { latest, made: undefined });
    });

    it("appends to nothing but the version that was expected", async () => {
      const [one, at] = [await store(), fresh()];
      assert.equal(await one.append(at, [version(1)], 0), "moved");
      await one.append(at, versions(0, 1), undefined);
      assert.equal(await one.append(at, versions(0, 1), undefined), "moved");
      assert.equal(await one.append(at, [version(2)], 0), "moved");
      assert.deepEqual(await one.log(at), versions(0, 1));
    });

    it("keeps runs and states apart", async () => {
      const [one, at] = [await store(), fresh()];
      const others = [
        { ...at, run: `${at.run}0` },
        { ...at, run: at.run.slice(0, -1) },
        { ...at, state: `${at.state}0` },
      ];
      await one.append(at, versions(0, 2), undefined);
      for (const other of others) {
        assert.equal(await one.read(other), undefined);
        await one.append(other, versions(0, 1), undefined);
      }
      assert.deepEqual(await one.log(at), versions(0, 2));
      assert.equal(await one.runs(at.state), 3);
    });

    it("keeps the latest versions, with their step ids, and forgets those before", async () => {
      const [one, at] = [await store({ keepVersions: 3 }), fresh()];
      await one.append(at, versions(0, 1), undefined);
      await appendEach(one, at, 2, 9);
      assert.deepEqual(await one.log(at), versions(7, 9));
      assert.deepEqual(await one.read(at, 6), { found: undefined });
      assert.equal((await one.find(at, "step 6 ü"))!.made, undefined);
      assert.equal((await one.find(at, "step 7 ü"))!.made!.version, 7);
    });

    it("reads the pinned version while there is one, and keeps it however old", async () => {
      const [one, at] = [await store({ keepVersions: 2 }), fresh()];
      await one.append(at, versions(0, 1), undefined);
      assert.equal(await one.pin(at, 7), false);
      assert.equal(await one.pin(at, 1), true);
      await appendEach(one, at, 2, 6);
      assert.deepEqual(await one.read(at), { found: { version: 1, value: "value 1" } });
      assert.deepEqual(await one.read(at, "latest"), { found: { version: 6, value: "value 6" } });
      const { versions: listed, pinned } = await one.history(at);
      assert.deepEqual([listed.map((each) => each.version), pinned], [[1, 5, 6], 1]);
      assert.deepEqual(await one.log(at), versions(5, 6));
      assert.equal((await one.find(at, "step 1 ü"))!.made!.version, 1);
      assert.equal(await one.pin(at, 6), true);
      assert.deepEqual(await one.read(at, 1), { found: undefined }, "a pin that moved keeps nothing any more");
      await one.pin(at, 5);
      await appendEach(one, at, 7, 8);
      await one.unpin(at);
      assert.deepEqual(await one.read(at, 5), { found: undefined });
      assert.deepEqual(await one.read(at), { found: { version: 8, value: "value 8" } });
      assert.deepEqual(await one.log(at), versions(7, 8));
    });

    it("lets the run that was stepped least recently make room, unless it has a pin", async () => {
      const one = await store({ maxRuns: 3 });
      const { state } = fresh();
      const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map((run) => ({ state, run })) as [RunKey, RunKey, RunKey, RunKey, RunKey];
      for (const at of [a, b, c]) assert.equal(await one.append(at, versions(0, 1), undefined), "appended");
      await one.pin(b, 1);
      await one.append(a, [version(2)], 1);
      assert.equal(await one.append(d, versions(0, 1), undefined), "evicted");
      assert.equal(await one.read(c), undefined, "c was stepped before a, and b has a pin");
      assert.equal(await one.runs(state), 3);
      await one.pin(a, 2);
      await one.pin(d, 0);
      assert.equal(await one.append(e, versions(0, 1), undefined), "full");
      assert.equal(await one.append(a, [version(3)], 2), "appended", "a run that is there needs no room");
      await one.unpin(b);
      assert.equal(await one.append(e, versions(0, 1), undefined), "evicted");
      assert.equal(await one.read(b), undefined);
      assert.equal(await one.append(b, versions(0, 1), undefined), "evicted", "a run that left begins anew");
      assert.deepEqual(await one.log(b), versions(0, 1));
      assert.equal(await one.runs(state), 3);
    });

    it("lets two that append at once both succeed in turn, and loses nothing", async () => {
      const at = fresh();
      const replicas = [await store(), await store()];
      const lost: string[] = [];
      const step = async (one: StateStore, id: string) => {
        for (;;) {
          const found = await one.find(at, id);
          const next = (found?.latest.version ?? 0) + 1;
          const made = { ...version(next), stepId: id };
          const outcome = await one.append(at, found === undefined ? [version(0), made] : [made], found?.latest.version);
          if (outcome === "appended") return;
          lost.push(outcome);
        }
      };
      await Promise.all(replicas.flatMap((one, r) => Array.from({ length: 25 }, (_, i) => step(one, `${r}-${i}`))));
      const log = await replicas[0]!.log(at);
      assert.deepEqual(
        log.map((each) => each.version),
        Array.from({ length: 51 }, (_, i) => i),
      );
      assert.equal(new Set(log.map(({ stepId }) => stepId)).size, 51);
      assert.ok(lost.every((outcome) => outcome === "moved"));
    });

    it("is there again, with pins and order of runs, when it is opened anew", async () => {
      const { state } = fresh();
      const [a, b, c] = ["a", "b", "c"].map((run) => ({ state, run })) as [RunKey, RunKey, RunKey];
      const first = await here.open({ maxRuns: 2 });
      await first.append(a, versions(0, 3), undefined);
      await first.append(b, versions(0, 1), undefined);
      await first.pin(a, 2);
      await first.close();
      const again = await store({ maxRuns: 2 });
      assert.deepEqual(await again.log(a), versions(0, 3));
      assert.deepEqual(await again.read(a), { found: { version: 2, value: "value 2" } });
      assert.equal(await again.append(c, versions(0, 1), undefined), "evicted");
      assert.equal(await again.read(b), undefined);
    });
  });
}

it("an embedded store whose disk is full refuses what it cannot keep, says why, keeps what it has, and can be closed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rewardgate-state-"));
  const module = JSON.stringify(import.meta.resolve("../../src/state/embedded-store.ts"));
  const script = `
    import { openEmbeddedStore } from ${module};
    const store = await openEmbeddedStore(${JSON.stringify(folder)}, { keepVersions: 10_000, maxRuns: 10 });
    const at = { state: "scales", run: "r" };
    const errors = [];
    let kept = 0;
    while (errors.length < 3) {
      const version = { version: kept, stepId: "step-" + kept, value: "v".repeat(20_000), facts: "{}", cause: "{}" };
      await store.append(at, [version], kept === 0 ? undefined : kept - 1).then(() => kept++, (error) => errors.push(error.message));
    }
    const { latest } = await store.find(at, "step-0");
    console.log(JSON.stringify({ errors, kept, latest: latest.version }));
    await store.close();`;
  // A bound on the size of files stands for the disk: 4,000 blocks of 512 bytes.
  const command = `ulimit -f 4000; exec "$0" --import tsx --input-type=module --eval "$1"`;
  const child = spawn("sh", ["-c", command, process.execPath, script], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const { errors, kept, latest } = JSON.parse((await text(child.stdout)) || "{}");
  assert.deepEqual(await ended, [0, null]);
  for (const error of errors) assert.match(error, /^(File too large|Input\/output error)/);
  assert.ok(kept > 0);
  assert.equal(latest, kept - 1);
  rmSync(folder, { recursive: true, force: true });
});

it("an embedded store opens a folder whatever its name, also with a dot in it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rewardgate-state-"));
  const store = await openEmbeddedStore(join(folder, "run.v1"), { keepVersions: 10, maxRuns: 10 });
  assert.equal(await store.append({ state: "s", run: "r" }, versions(0, 1), undefined), "appended");
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

it("the file of an embedded store stays small although a process was killed that read in it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rewardgate-state-"));
  const store = await openEmbeddedStore(folder, { keepVersions: 5, maxRuns: 10 });
  const at = { state: "scales", run: "r" };
  const step = (number: number) =>
    store.append(at, [{ ...version(number), value: "v".repeat(2_000) }], number === 0 ? undefined : number - 1);
  await step(0);
  const script = `
    import { open } from ${JSON.stringify(import.meta.resolve("lmdb"))};
    const root = open({ path: ${JSON.stringify(folder)}, noSubdir: false });
    root.useReadTransaction();
    root.get("anything");
    console.log("reads");
    setInterval(() => {}, 60_000);`;
  const reader = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(reader.stdout, "data");
  reader.kill("SIGKILL");
  await once(reader, "exit");
  for (let number = 1; number <= 1_000; number++) assert.equal(await step(number), "appended");
  const { size } = statSync(join(folder, "data.mdb"));
  assert.ok(size < 16e6, `${size} bytes`);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
