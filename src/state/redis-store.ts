import { createClient } from "@redis/client";
import { SCRIPTS } from "./redis-scripts.ts";
import type { AppendOutcome, Retention, RunKey, StateStore, StoredVersion } from "./store.ts";

export interface RedisStoreOptions extends Retention {
  /** `redis://` or `rediss://`, with user and password where the server wants them. */
  readonly url: string;
  /** Of every key, so that several gateways may share a server without sharing runs. */
  readonly prefix: string;
  /** Longest that a command or a connection may take, milliseconds. */
  readonly timeoutMs: number;
  /** Called when the connection fails, and each time that it cannot be made again. */
  onError(error: Error): void;
}

/** Longest wait between two tries to connect again, milliseconds. */
const MAX_RECONNECT_MS = 2_000;

/**
 * A store in Redis or Valkey, one instance (replicas of its own are its business). Every method is one round trip; changes are
 * scripts, so replicas of the gateway that step one run at once lose nothing. How durable a version is, is up to the server's
 * persistence.
 *
 * @throws what the client throws when the server cannot be reached
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<StateStore> {
  const { url, prefix, timeoutMs, keepVersions, maxRuns } = options;
  let connected = false;
  const client = createClient({
    url,
    scripts: SCRIPTS,
    // What cannot be sent now is refused now: the caller repeats it under the same step id.
    disableOfflineQueue: true,
    commandOptions: { timeout: timeoutMs },
    socket: {
      connectTimeout: timeoutMs,
      reconnectStrategy: (retries, cause) => (connected ? Math.min(50 * 2 ** retries, MAX_RECONNECT_MS) : cause),
    },
  });
  client.on("error", (error: Error) => options.onError(error));
  await client.connect();
  connected = true;

  const tagged = (state: string) => `{${prefix}:state:${state}}`;
  const runPrefix = (state: string) => `${tagged(state)}:run:`;
  const runKey = ({ state, run }: RunKey) => runPrefix(state) + run;
  const queueKey = (state: string) => `${tagged(state)}:queue`;
  const pinnedKey = (state: string) => `${tagged(state)}:pinned`;
  const writingKeys = (at: RunKey) => [runKey(at), queueKey(at.state), pinnedKey(at.state), `${tagged(at.state)}:turns`];
  const list = async (at: RunKey, ...fields: string[]) =>
    (await client.listVersions([runKey(at)], fields)) as [string, ...string[][]] | null;

  return {
    async read(at, which) {
      const reply = (await client.readVersion([runKey(at)], [String(which ?? "")])) as string[] | null;
      if (reply === null) return undefined;
      const [found, value] = reply;
      return { found: value === undefined ? undefined : { version: Number(found), value } };
    },
    async find(at, stepId) {
      const reply = (await client.findStep([runKey(at)], [stepId])) as string[] | null;
      if (reply === null) return undefined;
      const [version, value, made, madeValue, facts] = reply as [string, string, string?, string?, string?];
      const latest = { version: Number(version), value };
      return { latest, made: made === undefined ? undefined : { version: Number(made), value: madeValue!, facts: facts! } };
    },
    async append(at, versions, expected) {
      const bounds = [at.run, expected === undefined ? "" : String(expected), String(keepVersions), String(maxRuns), runPrefix(at.state)];
      const texts = versions.flatMap(({ version, stepId = "", value, facts, cause }) => [String(version), stepId, value, facts, cause]);
      return (await client.appendVersions(writingKeys(at), [...bounds, ...texts])) as AppendOutcome;
    },
    pin: async (at, version) => (await client.setPin(writingKeys(at), [at.run, String(version)])) === 1,
    unpin: async (at) => void (await client.setPin(writingKeys(at), [at.run, ""])),
    async history(at) {
      const reply = await list(at, "f:");
      if (reply === null) return { versions: [], pinned: undefined };
      const [pinned, ...entries] = reply;
      const versions = entries.map(([version, facts]) => ({ version: Number(version), facts: facts! }));
      return { versions, pinned: pinned === "" ? undefined : Number(pinned) };
    },
    async log(at) {
      const reply = await list(at, "i:", "v:", "f:", "c:");
      if (reply === null) return [];
      const [, ...entries] = reply;
      const whole = entries.map((entry) => toStored(entry as [string, string, string, string, string]));
      // A pinned version from before the oldest has a gap behind it.
      return whole.filter(({ version }, i) => i > 0 || whole.length === 1 || whole[1]!.version === version + 1);
    },
    runs: async (state) => (await client.zCard(queueKey(state))) + (await client.sCard(pinnedKey(state))),
    close: async () => void (client.isReady ? await client.close() : client.destroy()),
  };
}

function toStored([version, stepId, value, facts, cause]: [string, string, string, string, string]): StoredVersion {
  const whole = { version: Number(version), value, facts, cause };
  return stepId === "" ? whole : { ...whole, stepId };
}
