import { z } from "zod";
import type { BatchLimits } from "../../domain/backend.ts";
import { type Clock, systemClock } from "../../domain/clock.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { openSecret } from "./secret.ts";
import { openUpstream, type Upstream, type UpstreamOptions } from "./upstream.ts";

/** Addresses of servers that answer alike. */
export function addresses(protocols: RegExp, schemes: string, description: string) {
  const url = z.url({ protocol: protocols, error: `an address starts with ${schemes}` }).refine((text) => {
    if (!URL.canParse(text)) return false;
    const { username, password, search, hash } = new URL(text);
    return username === "" && password === "" && search === "" && hash === "";
  }, "an address holds no user, password, query or fragment; a key goes to apiKey");
  return z.union([url, z.array(url).min(1)]).describe(description);
}

/** What `rewardgate.yaml` says about any server that is asked: keys of a backend, beside those of its type. */
export const upstreamKeys = {
  apiKey: z
    .union([
      z.strictObject({
        env: z
          .string()
          .regex(/^[A-Za-z_]\w*$/, "the name of an environment variable")
          .describe("Environment variable."),
      }),
      z.strictObject({ file: z.string().min(1).describe("File, relative to this file; read again while the gateway runs.") }),
    ])
    .optional()
    .describe("Where the key for `Authorization: Bearer` is kept. Default none."),
  concurrency: z.int().min(1).max(512).default(16).describe("Calls under way at once, and so the most connections. Default 16."),
  connectTimeoutSeconds: z.number().positive().max(60).default(5).describe("Longest that a connection may take. Default 5."),
  responseTimeoutSeconds: z.number().positive().max(600).default(60).describe("Longest that one attempt may take. Default 60."),
  maxResponseBytes: z.int().min(1024).max(8_388_608).default(1_048_576).describe("Longest answer that is read. Default 1 Mi."),
  maxAttempts: z
    .int()
    .min(1)
    .max(3)
    .default(3)
    .describe("Attempts of one call, the first included; set 1 where another proxy retries. Default 3."),
  healthIntervalSeconds: z.number().min(0.1).max(300).default(5).describe("Time between checks of each address. Default 5."),
};

/** What {@link upstreamKeys} hold once they are read. */
export type UpstreamKeys = z.output<z.ZodObject<typeof upstreamKeys>>;

/** Servers to ask, and how. Keys are those of the configuration. */
export interface ServerOptions extends UpstreamKeys {
  readonly name: string;
  readonly url: string | readonly string[];
  readonly clock?: Clock;
  /** Uniform in [0, 1): spreads retries and probes. */
  readonly random?: () => number;
  readonly metrics?: Metrics | undefined;
  readonly log?: Logger | undefined;
}

/**
 * Opens the upstream that a configuration describes.
 *
 * @param protocol what the configuration does not say: how the server is reached, read and checked
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be
 */
export async function openServers<T>(
  options: ServerOptions,
  protocol: Pick<UpstreamOptions<T>, "healthPath" | "accepts" | "reading" | "prove" | "proofIntervalMs" | "connect" | "rate">,
): Promise<Upstream<T>> {
  const { name } = options;
  return openUpstream({
    ...protocol,
    name,
    urls: [options.url].flat(),
    apiKey: options.apiKey && (await openSecret(`the API key of backend "${name}"`, options.apiKey)),
    concurrency: options.concurrency,
    connectTimeoutMs: options.connectTimeoutSeconds * 1000,
    responseTimeoutMs: options.responseTimeoutSeconds * 1000,
    maxResponseBytes: options.maxResponseBytes,
    maxAttempts: options.maxAttempts,
    healthIntervalMs: options.healthIntervalSeconds * 1000,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    metrics: options.metrics?.upstream,
    log: options.log,
  });
}

/**
 * As many batches at once as the servers may be asked; nothing is padded and nothing waits for company.
 *
 * @param maxBatchCalls calls that go together in one request
 */
export function serverLimits(concurrency: number, maxBatchCalls = 1): BatchLimits {
  return {
    maxBatchCalls,
    maxBatchTokens: Number.MAX_SAFE_INTEGER,
    padded: false,
    parallelism: concurrency,
    concurrency,
    maxPaddingRatio: 0,
    maxDelayMs: 0,
    batchable: maxBatchCalls > 1,
  };
}

/** UTF-16 units of text that are taken for one token where only the server knows its tokenizer. */
export const UNITS_PER_TOKEN = 4;
