import { mkdir } from "node:fs/promises";
import { open } from "lmdb";
import type { AppendOutcome, Retention, RunKey, StateStore, StoredVersion } from "./store.ts";

/** Where a run is. */
interface Head {
  readonly oldest: number;
  readonly latest: number;
  readonly pinned?: number;
  /** Place in the queue of runs that may make room; absent while the run has a pin. */
  readonly turn?: number;
}

interface Totals {
  readonly runs: number;
  /** Place that the next step takes in that queue. */
  readonly nextTurn: number;
}

type Key = (string | number)[];

/** Changes from one look for readers that have died to the next. */
const READERS_CHECKED_EVERY = 100;

/** Above every run id and every number in the order of keys. */
const LAST = "\uffff";

/**
 * A store in a folder of this machine (LMDB). Reads are synchronous and take microseconds. What a method resolved with is on disk.
 * Several processes of one machine may open one folder; a network file system is no place for it.
 *
 * @throws what the file system or LMDB throws when the folder cannot be made or opened
 */
export async function openEmbeddedStore(path: string, { keepVersions, maxRuns }: Retention): Promise<StateStore> {
  await mkdir(path, { recursive: true });
  // A name with a dot would be that of a file. With batches by turn of the event loop each has a promise that nobody can listen to, and that a full disk rejects.
  const root = open({ path, noSubdir: false, noMemInit: true, eventTurnBatching: false });
  const table = <V>(name: string) => root.openDB<V, Key>({ name, encoding: "json" });
  const texts = (name: string) => root.openDB<string, Key>({ name, encoding: "string" });
  const heads = table<Head>("heads");
  const totals = table<Totals>("totals");
  const queue = texts("queue");
  const values = texts("values");
  const facts = texts("facts");
  const causes = texts("causes");
  /** Step id of a version, and version of a step id. */
  const stepIds = texts("stepIds");
  const versionsByStep = table<number>("versionsByStep");

  /** Whether the last change could not be written. */
  let broken = false;

  let changes = 0;

  /** Runs `change` alone and waits until it is on disk. Inside, writes are not awaited: they join the transaction. */
  async function durably<T>(change: () => T): Promise<T> {
    // A process that was killed while it read would keep what it saw from being written over for ever, and the file would grow with each change.
    if (++changes % READERS_CHECKED_EVERY === 0) root.readerCheck();
    try {
      const result = await root.transaction(change);
      await root.flushed;
      broken = false;
      return result;
    } catch (error) {
      broken = true;
      // Why a commit failed is told by a promise of its own, which ends the process where nobody listens.
      const { commitError } = error as { commitError?: Promise<never> };
      throw commitError === undefined ? error : await commitError.catch((cause: unknown) => cause);
    }
  }

  function put({ state, run }: RunKey, stored: StoredVersion): void {
    const key = [state, run, stored.version];
    void values.put(key, stored.value);
    void facts.put(key, stored.facts);
    void causes.put(key, stored.cause);
    if (stored.stepId === undefined) return;
    void stepIds.put(key, stored.stepId);
    void versionsByStep.put([state, run, stored.stepId], stored.version);
  }

  function drop({ state, run }: RunKey, version: number): void {
    const key = [state, run, version];
    const stepId = stepIds.get(key);
    for (const each of [values, facts, causes, stepIds]) void each.remove(key);
    if (stepId !== undefined) void versionsByStep.remove([state, run, stepId]);
  }

  function dropRun(at: RunKey): void {
    const { oldest, latest } = heads.get([at.state, at.run])!;
    for (let version = oldest; version <= latest; version++) drop(at, version);
    void heads.remove([at.state, at.run]);
  }

  /** The run in `state` that was stepped least recently, of those without a pin. */
  function nextInQueue(state: string): { readonly key: Key; readonly run: string } | undefined {
    for (const { key, value } of queue.getRange({ start: [state], end: [state, LAST], limit: 1 })) return { key, run: value };
    return undefined;
  }

  /** Takes the run to the end of the queue, or out of it when it has a pin. */
  function setHead({ state, run }: RunKey, before: Head | undefined, head: Omit<Head, "turn">): void {
    const { runs, nextTurn } = totals.get([state]) ?? { runs: 0, nextTurn: 0 };
    if (before?.turn !== undefined) void queue.remove([state, before.turn]);
    const waits = head.pinned === undefined;
    if (waits) void queue.put([state, nextTurn], run);
    void heads.put([state, run], waits ? { ...head, turn: nextTurn } : head);
    void totals.put([state], { runs: runs + (before === undefined ? 1 : 0), nextTurn: nextTurn + 1 });
  }

  /** Makes room for one more run. @returns what happened, or "full" */
  function makeRoom(state: string): "room" | "evicted" | "full" {
    const { runs, nextTurn } = totals.get([state]) ?? { runs: 0, nextTurn: 0 };
    if (runs < maxRuns) return "room";
    const leaving = nextInQueue(state);
    if (leaving === undefined) return "full";
    dropRun({ state, run: leaving.run });
    void queue.remove(leaving.key);
    void totals.put([state], { runs: runs - 1, nextTurn });
    return "evicted";
  }

  function append(at: RunKey, versions: readonly StoredVersion[], expected: number | undefined): AppendOutcome {
    const before = heads.get([at.state, at.run]);
    if (before?.latest !== expected) return "moved";
    const room = before === undefined ? makeRoom(at.state) : "room";
    if (room === "full") return "full";
    for (const stored of versions) put(at, stored);
    const latest = versions.at(-1)!.version;
    let oldest = before?.oldest ?? versions[0]!.version;
    for (; latest - oldest >= keepVersions; oldest++) if (oldest !== before?.pinned) drop(at, oldest);
    setHead(at, before, { ...(before?.pinned !== undefined && { pinned: before.pinned }), oldest, latest });
    return room === "evicted" ? "evicted" : "appended";
  }

  function setPin(at: RunKey, pinned: number | undefined): boolean {
    const before = heads.get([at.state, at.run]);
    if (before === undefined || (pinned !== undefined && !values.doesExist([at.state, at.run, pinned]))) return false;
    if (before.pinned !== undefined && before.pinned !== pinned && before.pinned < before.oldest) drop(at, before.pinned);
    const { oldest, latest } = before;
    setHead(at, before, pinned === undefined ? { oldest, latest } : { oldest, latest, pinned });
    return true;
  }

  /** Kept versions of a run, oldest first. */
  function* kept({ oldest, latest, pinned }: Head): Generator<number> {
    if (pinned !== undefined && pinned < oldest) yield pinned;
    for (let version = oldest; version <= latest; version++) yield version;
  }

  return {
    async read({ state, run }, which) {
      const head = heads.get([state, run]);
      if (head === undefined) return undefined;
      const wanted = which === "latest" ? head.latest : (which ?? head.pinned ?? head.latest);
      const value = values.get([state, run, wanted]);
      return { found: value === undefined ? undefined : { version: wanted, value } };
    },
    async find({ state, run }, stepId) {
      const head = heads.get([state, run]);
      if (head === undefined) return undefined;
      const latest = { version: head.latest, value: values.get([state, run, head.latest])! };
      const version = versionsByStep.get([state, run, stepId]);
      if (version === undefined) return { latest, made: undefined };
      const key = [state, run, version];
      return { latest, made: { version, value: values.get(key)!, facts: facts.get(key)! } };
    },
    append: (at, versions, expected) => durably(() => append(at, versions, expected)),
    pin: (at, version) => durably(() => setPin(at, version)),
    unpin: async (at) => void (await durably(() => setPin(at, undefined))),
    async history({ state, run }) {
      const head = heads.get([state, run]);
      if (head === undefined) return { versions: [], pinned: undefined };
      return { versions: [...kept(head)].map((version) => ({ version, facts: facts.get([state, run, version])! })), pinned: head.pinned };
    },
    async log({ state, run }) {
      const head = heads.get([state, run]);
      if (head === undefined) return [];
      return [...kept(head)]
        .filter((version) => version >= head.oldest)
        .map((version) => {
          const key = [state, run, version];
          const stepId = stepIds.get(key);
          const whole = { version, value: values.get(key)!, facts: facts.get(key)!, cause: causes.get(key)! };
          return stepId === undefined ? whole : { ...whole, stepId };
        });
    },
    runs: async (state) => totals.get([state])?.runs ?? 0,
    async close() {
      const closed = root.close();
      // It would wait for ever for what could not be written, and everything else is on disk.
      if (!broken) await closed;
    },
  };
}
