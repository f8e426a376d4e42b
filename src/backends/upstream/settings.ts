import { isIP } from "node:net";
import { z } from "zod";
import type { BatchLimits } from "../../domain/backend.ts";
import { type Clock, systemClock } from "../../domain/clock.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Resolve } from "./resolve-host.ts";
import { openSecret } from "./secret.ts";
import { openUpstream, type Upstream, type UpstreamOptions } from "./upstream.ts";
import { addressProblem } from "./written-address.ts";

/** Addresses of servers that answer alike, of one protocol. */
export function addresses(protocols: RegExp, schemes: string, description: string) {
  // Not zod's own kind of URL, which takes away what parsers forgive: here it is a mistake.
  const url = z
    .string()
    .superRefine((text, context) => {
      const known = URL.canParse(text) && protocols.test(new URL(text).protocol.slice(0, -1));
      const problem = known ? addressProblem(text) : `an address starts with ${schemes}`;
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    })
    .meta({ format: "uri" });
  const urls = z
    .array(url)
    .min(1)
    .superRefine((all, context) => {
      const odd = all.findIndex((one) => isGrpc(one) !== isGrpc(all[0]!));
      if (odd > 0) context.addIssue({ code: "custom", path: [odd], message: ONE_PROTOCOL });
    });
  return z.union([url, urls]).describe(description);
}

const ONE_PROTOCOL = "gRPC beside HTTP: all addresses of a backend are of one protocol; define another backend for the others";

/** Whether an address is one of gRPC. */
export function isGrpc(url: string): boolean {
  return /^grpcs?:/i.test(url);
}

/** A network of IP addresses, `address/bits`. */
const network = z.string().refine((text) => {
  const [, base, bits] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(base ?? "");
  return family !== 0 && !base!.includes("%") && Number(bits) <= (family === 4 ? 32 : 128);
}, "a network is written as 10.0.0.0/8 or fd00::/8");

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
  networks: z
    .array(network)
    .min(1)
    .optional()
    .describe(
      "Networks in which the servers have to be, for example `[10.0.0.0/8]`; one that is special as a whole, 127.0.0.0/8 for example, lets a name " +
        "stand for addresses in it. Default all but this machine, where it is not written as an address or `localhost`, local links and clouds' metadata.",
    ),
  concurrency: z
    .int()
    .min(1)
    .max(512)
    .default(16)
    .describe("Calls under way at once to all servers together; a proof of a server and the calls of `hedge` come on top. Default 16."),
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

/** Whether a slow call is made twice: for engines that compute and do not sample, so that both answers are the same. */
export const hedge = z
  .boolean()
  .default(false)
  .describe(
    "Whether a call that takes longer than 95 % of the last ones did is made once more, at another address where there is one; the first answer is " +
      "taken and the other call given up. At most 5 % of all calls are. Default false.",
  );

/** What {@link upstreamKeys} hold once they are read. */
export type UpstreamKeys = z.output<z.ZodObject<typeof upstreamKeys>>;

/** Servers to ask, and how. Keys are those of the configuration. */
export interface ServerOptions extends UpstreamKeys {
  readonly name: string;
  readonly url: string | readonly string[];
  readonly clock?: Clock;
  /** Asks for the addresses of a name. Default the system. */
  readonly resolve?: Resolve | undefined;
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
  protocol: Pick<UpstreamOptions<T>, "healthPath" | "accepts" | "reading" | "prove" | "proofIntervalMs" | "connect" | "rate" | "hedge">,
): Promise<Upstream<T>> {
  const { name } = options;
  return openUpstream({
    ...protocol,
    name,
    urls: [options.url].flat(),
    networks: options.networks,
    resolve: options.resolve,
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
