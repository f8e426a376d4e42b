import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createClient } from "@redis/client";
import { SCRIPTS } from "./redis-scripts.ts";
import type { AppendOutcome, Retention, RunKey, StateStore, StoredVersion } from "./store.ts";

export interface RedisStoreOptions extends Retention {
  /** `redis://` or `rediss://`, with user and password where the server wants them. */
  readonly url: string;
  /** File with the password, read anew for every connection; it goes over the one in the address. */
  readonly passwordFile?: string | undefined;
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
  const { prefix, keepVersions, maxRuns } = options;
  let client = newClient(options, false);
  let state: "opening" | "open" | "closed" = "opening";
  let silence: Error | undefined;
  boundHandshakes(client);
  await client.connect().catch((error: unknown) => {
    throw silence ?? error;
  });
  state = "open";
  /** Settles once a client that connects anew has a socket: destroyed before, it would get one afterwards and hold the process with it. */
  let reached: Promise<unknown> = Promise.resolve();

  /** One command. A server that does not answer one in time may be gone without a word, so the next goes over a new connection. */
  async function ask<T>(command: (over: Client) => Promise<unknown>): Promise<T> {
    const used = client;
    const answer = await settledWithin(command(used), options.timeoutMs);
    if (answer !== TIMED_OUT) return answer as T;
    if (client === used) replace(used);
    throw new Error(`no answer within ${options.timeoutMs} ms`);
  }

  function replace(used: Client): void {
    used.destroy();
    client = newClient(options, true);
    reached = once(client, "connect").catch(() => {});
    boundHandshakes(client);
    // It tries until it succeeds or is destroyed, and tells its failures to onError.
    client.connect().catch(() => {});
  }

  /** The library waits without end where a server takes a connection and then says nothing; commands fail meanwhile, since none is sent. */
  function boundHandshakes(used: Client): void {
    let timer: NodeJS.Timeout | undefined;
    used.on("connect", () => {
      timer = setTimeout(() => {
        silence = new Error(`it took the connection and said nothing for ${options.timeoutMs} ms`);
        options.onError(silence);
        if (state === "opening") used.destroy();
        else if (state === "open") replace(used);
      }, options.timeoutMs);
    });
    for (const event of ["ready", "error", "end"]) used.on(event, () => clearTimeout(timer));
  }

  const tagged = (state: string) => `{${prefix}:state:${state}}`;
  const runPrefix = (state: string) => `${tagged(state)}:run:`;
  const runKey = ({ state, run }: RunKey) => runPrefix(state) + run;
  const queueKey = (state: string) => `${tagged(state)}:queue`;
  const pinnedKey = (state: string) => `${tagged(state)}:pinned`;
  const writingKeys = (at: RunKey) => [runKey(at), queueKey(at.state), pinnedKey(at.state), `${tagged(at.state)}:turns`];
  const list = (at: RunKey, ...fields: string[]) => ask<[string, ...string[][]] | null>((over) => over.listVersions([runKey(at)], fields));

  return {
    async read(at, which) {
      const reply = await ask<string[] | null>((over) => over.readVersion([runKey(at)], [String(which ?? "")]));
      if (reply === null) return undefined;
      const [found, value] = reply;
      return { found: value === undefined ? undefined : { version: Number(found), value } };
    },
    async find(at, stepId) {
      const reply = await ask<[string, string, string?, string?, string?] | null>((over) => over.findStep([runKey(at)], [stepId]));
      if (reply === null) return undefined;
      const [version, value, made, madeValue, facts] = reply;
      const latest = { version: Number(version), value };
      return { latest, made: made === undefined ? undefined : { version: Number(made), value: madeValue!, facts: facts! } };
    },
    append(at, versions, expected) {
      const bounds = [at.run, expected === undefined ? "" : String(expected), String(keepVersions), String(maxRuns), runPrefix(at.state)];
      const texts = versions.flatMap(({ version, stepId = "", value, facts, cause }) => [String(version), stepId, value, facts, cause]);
      return ask<AppendOutcome>((over) => over.appendVersions(writingKeys(at), [...bounds, ...texts]));
    },
    pin: async (at, version) => (await ask((over) => over.setPin(writingKeys(at), [at.run, String(version)]))) === 1,
    unpin: async (at) => void (await ask((over) => over.setPin(writingKeys(at), [at.run, ""]))),
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
    async runs(state) {
      const [waiting, pinned] = await ask<[number, number]>((over) =>
        Promise.all([over.zCard(queueKey(state)), over.sCard(pinnedKey(state))]),
      );
      return waiting + pinned;
    },
    async close() {
      state = "closed";
      if (client.isReady) return void (await client.close());
      await settledWithin(reached, options.timeoutMs);
      client.destroy();
    },
  };
}

type Client = ReturnType<typeof newClient>;

/** @param persistent whether the first connection, too, is tried until it succeeds */
function newClient({ url, passwordFile, timeoutMs, onError }: RedisStoreOptions, persistent: boolean) {
  let tryAgain = persistent;
  const client = createClient({
    url,
    ...(passwordFile !== undefined && {
      credentialsProvider: { type: "async-credentials-provider", credentials: () => readCredentials(url, passwordFile) },
    }),
    scripts: SCRIPTS,
    // What cannot be sent now is refused now: the caller repeats it under the same step id.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: timeoutMs,
      reconnectStrategy: (retries, cause) => (tryAgain ? Math.min(50 * 2 ** retries, MAX_RECONNECT_MS) : cause),
    },
  });
  client.once("ready", () => {
    tryAgain = true;
  });
  client.on("error", onError);
  return client;
}

async function readCredentials(url: string, passwordFile: string): Promise<{ username?: string; password: string }> {
  const password = (await readFile(passwordFile, "utf8")).trimEnd();
  const username = decodeURIComponent(new URL(url).username);
  return username === "" ? { password } : { username, password };
}

const TIMED_OUT = Symbol("timed out");

async function settledWithin<T>(work: Promise<T>, ms: number): Promise<T | typeof TIMED_OUT> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(() => resolve(TIMED_OUT), ms);
  });
  // Once it is given up, its end interests nobody.
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function toStored([version, stepId, value, facts, cause]: [string, string, string, string, string]): StoredVersion {
  const whole = { version: Number(version), value, facts, cause };
  return stepId === "" ? whole : { ...whole, stepId };
}
