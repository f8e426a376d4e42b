import { z } from "zod";

const MIB = 1024 * 1024;

const listener = (port: number) =>
  z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1").describe("Address to listen on. Default 127.0.0.1; containers use 0.0.0.0."),
      port: z.int().min(0).max(65535).default(port).describe(`TCP port, 0 for any free one. Default ${port}.`),
    })
    .prefault({});

const limits = z
  .strictObject({
    maxItems: z.int().min(1).max(65536).default(512).describe("Items in a unary request. Default 512."),
    maxCandidates: z.int().min(1).max(1_000_000).default(8192).describe("Candidates in a unary request, over all items. Default 8192."),
    maxTextLength: z.int().min(1).default(262_144).describe("UTF-16 units in one text field. Default 262144."),
    maxHttpBodyBytes: z
      .int()
      .min(1024)
      .max(64 * MIB)
      .default(8 * MIB)
      .describe("Bytes of an HTTP body, counted after decompression. Default 8 MiB, at most 64 MiB."),
    maxGrpcMessageBytes: z
      .int()
      .min(1024)
      .max(16 * MIB)
      .default(4 * MIB)
      .describe("Bytes of one gRPC message. Default 4 MiB, at most 16 MiB."),
    maxJsonDepth: z.int().min(8).max(128).default(32).describe("Nesting depth of a JSON body. Default 32."),
    maxStreamInFlight: z
      .int()
      .min(1)
      .max(65536)
      .default(256)
      .describe("Items of one stream that may be under way at once; further ones wait, which stalls the sender. Default 256."),
  })
  .prefault({})
  .describe("Bounds on what one request may hold. Passing one is TOO_LARGE, before anything is scored.");

const connections = z
  .strictObject({
    max: z.int().min(1).max(1_000_000).default(8192).describe("Connections to one listener, from all peers together. Default 8192."),
    maxPerPeer: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(4096)
      .describe(
        "Connections to one listener from one address, IPv6 by the first 64 bits. Default 4096: some trainers open one for each answer " +
          "that they want judged, a whole rollout at once, behind one address.",
      ),
    maxCallsPerConnection: z
      .int()
      .min(1)
      .max(100_000)
      .default(256)
      .describe("Calls at once on one connection of gRPC; clients hold further ones back until some end. Default 256."),
  })
  .prefault({})
  .describe("Bounds on connections, for HTTP and gRPC apart. A connection beyond one is reset.");

const seconds = (fallback: number, meaning: string) =>
  z.number().positive().max(3600).default(fallback).describe(`${meaning} Default ${fallback}.`);

const timeouts = z
  .strictObject({
    headersSeconds: seconds(10, "Seconds for the headers of an HTTP request."),
    bodySeconds: seconds(60, "Seconds for the body of a request that is no stream, over HTTP and gRPC."),
    keepAliveSeconds: seconds(65, "Seconds that an HTTP connection waits for its next request."),
    stallSeconds: seconds(
      30,
      "Seconds that a client of HTTP may take nothing of an answer that waits for it; it may last twice as long until that is seen.",
    ),
    idleSeconds: z
      .number()
      .positive()
      .max(86_400)
      .default(3600)
      .describe("Seconds that a stream, over HTTP or gRPC, may bring nothing while none of it is being scored or answered. Default 3600."),
  })
  .prefault({})
  .describe("How long a peer may take before its connection or call is ended.");

/** Listeners, time limits and request limits. */
export const serverSchema = z
  .strictObject({
    http: listener(8080).describe("Where HTTP is served."),
    grpc: listener(50051).describe("Where gRPC is served."),
    admin: listener(9090).describe("Where probes and metrics are served. Keep it off public networks."),
    drainTimeoutSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(45)
      .describe("Seconds that running requests get to finish after SIGTERM. Default 45."),
    maxRequestSeconds: z
      .number()
      .positive()
      .max(3600)
      .default(100)
      .describe("Seconds after which any request ends with DEADLINE_EXCEEDED, whatever deadline its caller set. Default 100."),
    overloadHttpStatus: z
      .union([z.literal(503), z.literal(429)])
      .default(503)
      .describe("HTTP status of a refusal because queues are full: 503, or 429 for clients that only retry on that. Default 503."),
    limits,
    connections,
    timeouts,
  })
  .prefault({})
  .describe("Listeners, time limits and request limits.");

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

export const logSchema = z
  .strictObject({ level: z.enum(LOG_LEVELS).default("info").describe("Least severe level that is logged. Default info.") })
  .prefault({})
  .describe("Log lines, JSON on standard error.");

export const cacheSchema = z
  .strictObject({
    maxBytes: z
      .int()
      .min(0)
      .default(256 * MIB)
      .describe("Bytes of raw scores that are kept, by estimate; 0 turns the cache off. Default 256 MiB."),
    maxEntries: z.int().min(1).default(1_000_000).describe("Answers that are kept. Default 1000000."),
  })
  .prefault({})
  .describe("Cache of raw scores, in memory.");

/** Bounds of the queue before a backend. */
export const queueSchema = z
  .strictObject({
    maxCalls: z.int().min(1).default(16_384).describe("Calls that may wait. Default 16384."),
    maxTextSize: z
      .int()
      .min(1)
      .default(64 * MIB)
      .describe("UTF-16 units of text that waiting calls may hold. Default 64 Mi."),
    maxTokens: z
      .int()
      .min(1)
      .default(4 * MIB)
      .describe("Tokens that waiting calls may hold. Default 4 Mi."),
  })
  .prefault({})
  .describe(
    "Bounds of the queue before this backend; a call beyond one is refused at once with QUEUE_FULL, but what a judge asks further waits. " +
      "From three quarters of one on it refuses sheddable calls.",
  );
