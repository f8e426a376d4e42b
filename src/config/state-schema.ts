import { z } from "zod";

/** How an address of a Redis begins. */
const REDIS_SCHEME = /^rediss?:\/\/\S+$/;

/** Whether an address of a Redis can be called: a name and a password that can be decoded, and no path but the number of a database. */
export function isRedisUrl(url: string): boolean {
  if (!REDIS_SCHEME.test(url) || !URL.canParse(url)) return false;
  const { username, password, pathname } = new URL(url);
  try {
    decodeURIComponent(username + password);
  } catch {
    return false;
  }
  return /^\/?\d*$/.test(pathname);
}

const embedded = z
  .strictObject({
    type: z.literal("embedded").describe("In a folder of this machine, for one gateway."),
    path: z
      .string()
      .min(1)
      .default("rewardgate-state")
      .describe("Folder, relative to this file, on a local disk. Made when it is not there. Default rewardgate-state."),
  })
  .describe("A store in a folder of this machine.");

/** A store in Redis, with its defaults. */
export const redisStoreSchema = z
  .strictObject({
    type: z.literal("redis").describe("In one Redis or Valkey, for replicas that share runs."),
    url: z
      .string()
      .regex(REDIS_SCHEME, "an address starts with redis:// or rediss://")
      .refine(
        isRedisUrl,
        "an address is redis://HOST:PORT or redis://HOST:PORT/NUMBER of a database, with % only in front of two digits, as %25",
      )
      .describe("Address, redis:// or rediss://."),
    passwordFile: z
      .string()
      .min(1)
      .optional()
      .describe("File with the password, relative to this file, read for every connection. Default the one in the address, if any."),
    prefix: z
      .string()
      .regex(/^[\w.:-]{1,64}$/, "use at most 64 letters, digits, dots, colons, hyphens and underscores")
      .default("rewardgate")
      .describe("Start of every key. Gateways with the same prefix share runs. Default rewardgate."),
    timeoutSeconds: z.number().positive().max(60).default(2).describe("Longest that a command or a connection may take. Default 2."),
  })
  .describe("A store in Redis or Valkey.");

/** Where server state is kept, and how much of it. */
export const stateStoreSchema = z
  .strictObject({
    store: z
      .discriminatedUnion("type", [embedded, redisStoreSchema])
      .prefault({ type: "embedded" })
      .describe("Where it is kept. Default embedded. Opened only when `states` has any."),
    keepVersions: z
      .int()
      .min(2)
      .max(1_000_000)
      .default(1000)
      .describe("Latest versions of each run that can be read, repeated and replayed; a pinned one is kept besides. Default 1000."),
    maxRuns: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .describe("Runs of each state that are kept; the one stepped least recently makes room, unless it has a pin. Default 1000."),
  })
  .prefault({})
  .describe("How the states of runs are kept.");
