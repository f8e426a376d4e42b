import { setMaxListeners } from "node:events";
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { systemClock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { RunStatistics } from "../../domain/run.ts";
import type { ReadinessSource, RewardService } from "../../domain/service.ts";
import type { StateService } from "../../domain/state.ts";
import { GRPCInferenceServiceService } from "../../gen/inference/grpc_service.ts";
import * as wire from "../../gen/rewardgate/v1/reward_service.ts";
import { RunServiceService } from "../../gen/rewardgate/v1/run_service.ts";
import { StateServiceService } from "../../gen/rewardgate/v1/state_service.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { authorityOf } from "../authority.ts";
import { boundConnections, type ConnectionBounds, UNBOUNDED } from "../connections.ts";
import { STREAM_IDLE_MS } from "../idle-limit.ts";
import { openInferenceMethods } from "../open-inference/grpc.ts";
import type { OpenInference } from "../open-inference/model.ts";
import { checkScoreRequest } from "../request-rules.ts";
import { createRunningCalls, delay, type RunningServer } from "../running-calls.ts";
import type { WireRoutesOptions } from "../wires/routes.ts";
import { createScorer, factsOf } from "../wires/scorer.ts";
import { teiServices } from "../wires/tei-grpc.ts";
import { type UnaryHandler, unary } from "./calls.ts";
import { readDeadlines } from "./deadlines.ts";
import { scoreRequestFromProto } from "./from-proto.ts";
import { addHealth } from "./health.ts";
import { spareRunningCalls } from "./keepalive.ts";
import { maxReadBytes, refuseOversize } from "./oversize.ts";
import { addReflection } from "./reflection.ts";
import { explainRefusals } from "./refusals.ts";
import { runMethods } from "./run-service.ts";
import { scoreStreamHandler } from "./score-stream.ts";
import { boundSessions, http2ServersOf } from "./sessions.ts";
import { endSlowRequests } from "./slow-requests.ts";
import { stateMethods } from "./state-service.ts";
import { toServiceError } from "./status.ts";
import { createStrictDecoder } from "./strict-decode.ts";
import { judgesToProto, panelsToProto, scoreResponseToProto } from "./to-proto.ts";

export interface GrpcServerOptions {
  readonly service: RewardService;
  readonly states: StateService;
  readonly runs: RunStatistics;
  readonly readiness: ReadinessSource;
  readonly limits: RequestLimits;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The panel that is served as a model of the Open Inference Protocol. Default none. */
  readonly openInference?: OpenInference | undefined;
  /** Wires of engines, by name, of which `tei` is spoken over gRPC too. Default none. */
  readonly wires?: WireRoutesOptions["wires"];
  /** Connections at once. Default as many as come. */
  readonly bounds?: ConnectionBounds | undefined;
  readonly connections?: Partial<ConnectionLimits>;
}

/** Time for the last answers to reach their clients once no call is running, milliseconds. */
const FLUSH_MS = 2000;

/** How long connections live. */
export interface ConnectionLimits {
  /** A connection without calls is closed after this, milliseconds. */
  readonly maxIdleMs: number;
  /** A connection is asked to move on after this ± 10 %, so that clients spread over replicas, milliseconds. */
  readonly maxAgeMs: number;
  /** Calls of an aged connection may run this much longer, milliseconds. */
  readonly ageGraceMs: number;
  /** Interval of pings that find dead peers, milliseconds. */
  readonly keepaliveMs: number;
  /** A peer that does not answer a ping for this long is gone, milliseconds. */
  readonly keepaliveTimeoutMs: number;
  /** Calls at once on one connection. */
  readonly maxStreams: number;
  /** From the headers of a unary call to the whole of its message, milliseconds. */
  readonly messageMs: number;
  /** For the next message of a stream of which nothing is under way, milliseconds. */
  readonly streamIdleMs: number;
}

const CONNECTIONS: ConnectionLimits = {
  maxIdleMs: 300_000,
  maxAgeMs: 1_800_000,
  ageGraceMs: 120_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 20_000,
  maxStreams: 256,
  messageMs: 60_000,
  streamIdleMs: STREAM_IDLE_MS,
};
/** Names and values of the headers of one call, with 32 bytes for each. */
const MAX_HEADER_BYTES = 16_384;

const decodeScore = createStrictDecoder("rewardgate.v1.ScoreRequest", wire.ScoreRequest);
const decodeListJudges = createStrictDecoder("rewardgate.v1.ListJudgesRequest", wire.ListJudgesRequest);
const decodeListPanels = createStrictDecoder("rewardgate.v1.ListPanelsRequest", wire.ListPanelsRequest);
const decodeGetVersion = createStrictDecoder("rewardgate.v1.GetVersionRequest", wire.GetVersionRequest);

/**
 * Serves rewardgate.v1.RewardService, StateService and RunService, grpc.health.v1.Health and reflection over cleartext HTTP/2.
 * @throws {GatewayError} CONFIG_INVALID when the address cannot be bound
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<RunningServer> {
  const { service, states, runs, limits, host } = options;
  const running = createRunningCalls();
  const telemetry = { metrics: options.metrics, log: options.log, running };
  const connections = { ...CONNECTIONS, ...options.connections };
  const explain = explainRefusals(limits, telemetry);
  const hurry = endSlowRequests(connections.messageMs, telemetry);
  const server = new Server({
    ...channelOptions(limits, connections),
    interceptors: [
      (method, call) => {
        spareRunningCalls(call);
        return hurry(method, explain(method, call), call);
      },
    ],
  });
  const draining = new AbortController();
  // Every stream listens to the one signal.
  setMaxListeners(0, draining.signal);
  const streams = { limits, telemetry, draining: draining.signal, idleMs: connections.streamIdleMs };

  const call = (method: string, handle: UnaryHandler) =>
    unary(method, telemetry, handle, (error, { context, trailers }) => toServiceError(error, context.requestId, trailers));
  const implementation: UntypedServiceImplementation = {
    score: call("Score", async (bytes, { context, record, remainingMs }) => {
      refuseOversize(bytes, limits);
      const request = scoreRequestFromProto(decodeScore(bytes, limits), remainingMs());
      record.items = request.items.length;
      checkScoreRequest(request, limits, "unary");
      return wire.ScoreResponse.encode(scoreResponseToProto(await service.score(request, context))).finish();
    }),
    scoreStream: scoreStreamHandler({ ...streams, service }),
    listJudges: call("ListJudges", (bytes) => {
      decodeListJudges(bytes);
      return wire.ListJudgesResponse.encode(judgesToProto(service.judges())).finish();
    }),
    listPanels: call("ListPanels", (bytes) => {
      decodeListPanels(bytes);
      return wire.ListPanelsResponse.encode(panelsToProto(service.panels())).finish();
    }),
    getVersion: call("GetVersion", (bytes) => {
      decodeGetVersion(bytes);
      return wire.GetVersionResponse.encode(service.version()).finish();
    }),
  };
  server.addService(passThrough(wire.RewardServiceService), implementation);
  const calls = (methods: Readonly<Record<string, UnaryHandler>>): UntypedServiceImplementation =>
    Object.fromEntries(Object.entries(methods).map(([name, handle]) => [name, call(`${name[0]!.toUpperCase()}${name.slice(1)}`, handle)]));
  server.addService(passThrough(StateServiceService), calls(stateMethods(states, limits)));
  server.addService(passThrough(RunServiceService), calls(runMethods(runs)));
  const { openInference } = options;
  if (openInference !== undefined) {
    const methods = openInferenceMethods({
      model: openInference.model,
      version: service.version().version,
      limits,
      scorerOf:
        ({ context, record, remainingMs }) =>
        (items) => {
          record.items = items.length;
          return openInference.score(items, context, remainingMs());
        },
    });
    server.addService(passThrough(GRPCInferenceServiceService), calls(methods));
  }
  const { tei } = options.wires ?? {};
  if (tei !== undefined) {
    const score = createScorer(tei, service, limits);
    const facts = factsOf(tei.panel, service, limits);
    for (const { definition, implementation } of teiServices({ ...streams, facts, score })) {
      server.addService(passThrough(definition), implementation);
    }
  }
  const health = addHealth(server, options.readiness);
  addReflection(server);

  // It would write of odd headers in lines of its own, with what a client sent in them.
  setLogVerbosity(logVerbosity.NONE);
  const port = await bind(server, host, options.port);
  for (const listener of http2ServersOf(server)) {
    readDeadlines(listener);
    boundSessions(listener, MAX_HEADER_BYTES, systemClock);
    const bounds = options.bounds ?? UNBOUNDED;
    boundConnections(listener, { bounds, transport: "grpc", metrics: options.metrics, log: options.log, clock: systemClock });
  }
  let drained: Promise<void> | undefined;
  const drain = () => {
    drained ??= new Promise((resolve) => {
      draining.abort();
      health.endWatches();
      server.tryShutdown(() => resolve());
      // A reflection stream that a client leaves open would hold the shutdown for ever.
      void running.idle().then(() => delay(FLUSH_MS).then(resolve));
    });
    return drained;
  };
  return {
    host,
    port,
    drain,
    async close(timeoutMs = 0) {
      await Promise.race([drain(), delay(timeoutMs)]);
      health.stop();
      server.forceShutdown();
    },
  };
}

/** The service with bytes in and out: decoding is strict and happens in the handlers, where its errors have a shape. */
function passThrough(definition: ServiceDefinition): ServiceDefinition {
  const received = (bytes: Buffer) => bytes;
  const sent = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [name, { ...method, requestDeserialize: received, responseSerialize: sent }]),
  );
}

function channelOptions(limits: RequestLimits, connections: ConnectionLimits) {
  return {
    "grpc.max_receive_message_length": maxReadBytes(limits),
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": connections.maxStreams,
    "grpc.max_connection_idle_ms": connections.maxIdleMs,
    "grpc.max_connection_age_ms": connections.maxAgeMs,
    "grpc.max_connection_age_grace_ms": connections.ageGraceMs,
    "grpc.keepalive_time_ms": connections.keepaliveMs,
    "grpc.keepalive_timeout_ms": connections.keepaliveTimeoutMs,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.enable_channelz": 0,
  };
}

function bind(server: Server, host: string, port: number): Promise<number> {
  const address = authorityOf(host, port);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) return resolve(bound);
      const message = `gRPC cannot listen on ${address}: ${error.message}; choose another port`;
      reject(new GatewayError("CONFIG_INVALID", message, { cause: error }));
    });
  });
}
