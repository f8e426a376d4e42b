import type { TokenDecoder } from "./backends/index.ts";
import { describeJudge, describePanel } from "./config/describe.ts";
import { configInvalid } from "./config/problems.ts";
import type { Resolved } from "./config/resolve.ts";
import { resolve } from "./config/resolve.ts";
import type { Config } from "./config/schema.ts";
import { stateStoreOf, statesReadBy } from "./config/state-plan.ts";
import type { OpenBackend } from "./domain/backend.ts";
import { systemClock } from "./domain/clock.ts";
import { GatewayError } from "./domain/errors.ts";
import { backendsOf } from "./domain/judge.ts";
import { isRouter } from "./domain/panel.ts";
import type { ChatRelay } from "./domain/relay.ts";
import type { RunStatistics, ScoreObserver } from "./domain/run.ts";
import type { ReadinessSource, RewardService } from "./domain/service.ts";
import type { StateService } from "./domain/state.ts";
import type { Batcher } from "./engine/batcher.ts";
import { createScoreCache } from "./engine/cache.ts";
import { checkOf, followBackends } from "./engine/follow-backends.ts";
import { createIntake, type Intake } from "./engine/intake.ts";
import { createReadinessBoard, type ReadinessBoard } from "./engine/readiness.ts";
import { createChatRelay } from "./engine/relay.ts";
import { createScorer } from "./engine/score.ts";
import { stagesOf } from "./engine/stages.ts";
import { createMonitoring, createProber } from "./monitoring/index.ts";
import { closeBackends, createBatchers, openBackends, testJudges } from "./open-backends.ts";
import { servingProblems } from "./serving-problems.ts";
import { openStates } from "./state/open.ts";
import type { Logger } from "./telemetry/log.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { startAdminServer } from "./transport/admin/server.ts";
import { authorityOf } from "./transport/authority.ts";
import { startGrpcServer } from "./transport/grpc/server.ts";
import { startHttpServer } from "./transport/http/server.ts";
import { createOpenInference } from "./transport/open-inference/model.ts";
import { COMMIT, VERSION } from "./version.ts";

/** A gateway without listeners: judges open and tested, ready to score. */
export interface Gateway {
  readonly service: RewardService;
  readonly runs: RunStatistics;
  readonly states: StateService;
  readonly readiness: ReadinessSource;
  readonly metrics: Metrics;
  /** Tells the text of clients that send token ids, where the configuration names its tokenizer. */
  readonly decodeTokens: TokenDecoder | undefined;
  /** The way of clients' own chats to the server of a backend that the wire `chat` names. */
  relayTo(backend: string): ChatRelay;
  /**
   * Refuses new requests, waits for running ones up to the deadline, then ends what is left and frees the models.
   * @returns how many requests had to be ended
   */
  close(timeoutMs?: number): Promise<number>;
}

/** A gateway with its listeners. */
export interface RunningGateway {
  readonly addresses: { readonly http: string; readonly grpc: string; readonly admin: string };
  /** Drains and stops. Idempotent. @returns the exit code: 0, or 3 when requests had to be ended */
  stop(): Promise<number>;
}

export interface GatewayOptions {
  readonly log: Logger;
  /** Opens only what these panels need. Default: all. */
  readonly panels?: readonly string[];
  readonly metrics?: Metrics;
  readonly board?: ReadinessBoard;
  /** Hears of scores in the place of the statistics of runs. */
  readonly observer?: ScoreObserver;
}

/**
 * Opens every judge of the configuration, checks it against its golden scores, and wires the engine.
 * @throws {GatewayError} CONFIG_INVALID when anything does not hold, STATE_STORE_UNAVAILABLE; nothing is left running then
 */
export async function openGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const { log } = options;
  const metrics = options.metrics ?? createMetrics({ version: VERSION, commit: COMMIT });
  const resolved = seatedOf(await resolve(config, options.panels), config.wires.chat?.backend, log);
  const board = options.board ?? createReadinessBoard([]);
  for (const { judge } of resolved.judges) board.set(checkOf(judge.name), false, "loading");
  const states = await openStates({
    ...stateStoreOf(config),
    states: options.panels ? statesReadBy(resolved.panels, config) : config.states,
    metrics: metrics.state,
    log,
  });
  let backends: ReadonlyMap<string, OpenBackend> = new Map();
  try {
    backends = await openBackends(resolved, metrics, log);
    await testJudges(resolved.judges, backends, board, metrics, log);
  } catch (error) {
    await closeBackends(backends);
    await states.close();
    throw error;
  }
  const batchers = createBatchers(resolved, backends, metrics);
  const panels = new Map(resolved.panels.map((panel) => [panel.name, panel]));
  for (const panel of panels.values()) {
    metrics.declarePanel(panel.name);
    if (!isRouter(panel) && panel.sequence !== undefined) metrics.stages.declarePanel(panel.name, stagesOf(panel));
  }
  const limits = config.runs.alarms;
  const prober = createProber({ suites: resolved.probes, limits, clock: systemClock, metrics, log });
  const { observer, statistics } = createMonitoring({
    ...config.runs,
    ...{ limits, baselines: resolved.baselines, probes: prober.board, metrics, log },
  });
  const engine = {
    panels,
    batchers,
    cache: createScoreCache({ ...config.cache, metrics }),
    clock: systemClock,
    maxRequestMs: config.server.maxRequestSeconds * 1000,
    states: states.service,
  };
  const intake = createIntake(createScorer({ ...engine, metrics, log, observer: options.observer ?? observer }), metrics);
  const unfollow = followBackends({
    judges: resolved.judges.map(({ judge }) => judge),
    tried: new Set(resolved.chats.flatMap(({ name, server }) => (server.trial ? [name] : []))),
    ...{ backends, board, clock: systemClock, metrics, log },
  });
  // Probes go their own way through the same judges, so that no statistic of the traffic counts them.
  prober.start(createScorer({ ...engine, observer: prober.observer }));
  return {
    service: describeService(intake, resolved, backends, board),
    relayTo(backend) {
      const batcher = batchers.get(backend)!;
      return createChatRelay({ batcher, intake, clock: systemClock, maxRequestMs: engine.maxRequestMs });
    },
    runs: statistics,
    states: states.service,
    readiness: board,
    metrics,
    decodeTokens: resolved.tokenDecoder,
    close: async (timeoutMs = config.server.drainTimeoutSeconds * 1000) => {
      unfollow();
      await prober.stop();
      return closeGateway(intake, batchers, backends, timeoutMs).finally(() => states.close());
    },
  };
}

/** What the panels need: a judge that sits in none cannot be asked, so its model would take memory and cores for nothing. */
function seatedOf(resolved: Resolved, relayed: string | undefined, log: Logger): Resolved {
  const seated = new Set(
    resolved.panels.flatMap((panel) =>
      isRouter(panel) ? [] : panel.judges.flatMap(({ name, asks = [] }) => [name, ...asks.map((each) => each.name)]),
    ),
  );
  const judges = resolved.judges.filter(({ judge }) => seated.has(judge.name));
  const unseated = resolved.judges.flatMap(({ judge }) => (seated.has(judge.name) ? [] : [judge.name]));
  if (unseated.length > 0) log.info({ judges: unseated }, "judges in no panel are not opened");
  const asked = new Set([...judges.flatMap(({ judge }) => [...backendsOf(judge), ...(judge.mayAsk ?? [])]), relayed]);
  const isAsked = ({ name }: { readonly name: string }) => asked.has(name);
  return {
    ...resolved,
    judges,
    backends: resolved.backends.filter(isAsked),
    chats: resolved.chats.filter(isAsked),
    engines: resolved.engines.filter(isAsked),
    services: resolved.services.filter(isAsked),
    likelihoods: resolved.likelihoods.filter(isAsked),
    tools: resolved.tools.filter(isAsked),
  };
}

/**
 * Opens the gateway and its three listeners. The admin listener answers first, so that probes see the start.
 * @throws {GatewayError} CONFIG_INVALID; nothing is left running then
 */
export async function serve(config: Config, { log }: { readonly log: Logger }): Promise<RunningGateway> {
  const problems = servingProblems(config);
  if (problems.length > 0) throw configInvalid(problems);
  const metrics = createMetrics({ version: VERSION, commit: COMMIT });
  const board = createReadinessBoard(["accepting"]);
  metrics.ready.set(0);
  board.onChange(({ ready }) => metrics.ready.set(ready ? 1 : 0));
  const { http, grpc, admin, limits, connections, timeouts, overloadHttpStatus, drainTimeoutSeconds } = config.server;
  const opened: { close(timeoutMs: number): Promise<unknown> }[] = [];
  try {
    const adminServer = await startAdminServer({ ...admin, readiness: board, metrics });
    opened.push(adminServer);
    const gateway = await openGateway(config, { log, metrics, board });
    opened.unshift(gateway);
    const { service, states, runs } = gateway;
    const { triton, chat } = config.wires;
    const openInference = triton && createOpenInference(triton, { service, limits, decodeTokens: gateway.decodeTokens });
    const grpcServer = await startGrpcServer({
      ...grpc,
      service,
      states,
      runs,
      readiness: board,
      limits,
      metrics,
      log,
      openInference,
      wires: config.wires,
      bounds: connections,
      connections: connectionLimitsOf(config.server),
    });
    opened.unshift(grpcServer);
    const httpServer = await startHttpServer({
      ...http,
      service,
      states,
      runs,
      limits,
      overloadHttpStatus,
      wires: config.wires,
      requestMs: config.server.maxRequestSeconds * 1000,
      openInference,
      chats: chat && { path: chat.path, relay: gateway.relayTo(chat.backend) },
      bounds: connections,
      timeouts: {
        headersMs: timeouts.headersSeconds * 1000,
        bodyMs: timeouts.bodySeconds * 1000,
        keepAliveMs: timeouts.keepAliveSeconds * 1000,
        stallMs: timeouts.stallSeconds * 1000,
        idleMs: timeouts.idleSeconds * 1000,
      },
      metrics,
      log,
    });
    opened.unshift(httpServer);
    board.set("accepting", true, "accepting requests");
    const stop = async () => {
      board.set("accepting", false, "draining");
      metrics.draining.set(1);
      const drained = Promise.all([httpServer.drain(), grpcServer.drain()]);
      await httpServer.accepted;
      await withinMs(drained, ARRIVAL_MS);
      const ended = await gateway.close(drainTimeoutSeconds * 1000);
      await Promise.all([httpServer.close(FLUSH_MS), grpcServer.close(FLUSH_MS)]);
      await adminServer.close(0);
      if (ended > 0) log.error({ requests: ended }, "drain timeout: requests were ended");
      return ended > 0 ? DRAIN_FORCED : 0;
    };
    let stopping: Promise<number> | undefined;
    return {
      addresses: {
        http: `http://${authorityOf(http.host, httpServer.port)}`,
        grpc: authorityOf(grpc.host, grpcServer.port),
        admin: `http://${authorityOf(admin.host, adminServer.port)}`,
      },
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    for (const part of opened) await part.close(0);
    throw error;
  }
}

/** How long gRPC connections and what runs on them may take. One that is asked to move on has time for the longest call that began on it. */
export function connectionLimitsOf({ connections, timeouts, maxRequestSeconds }: Config["server"]) {
  return {
    maxStreams: connections.maxCallsPerConnection,
    messageMs: timeouts.bodySeconds * 1000,
    streamIdleMs: timeouts.idleSeconds * 1000,
    ageGraceMs: (timeouts.bodySeconds + maxRequestSeconds) * 1000,
  };
}

/** Exit code when a drain had to end requests. */
const DRAIN_FORCED = 3;
/** Time for requests on connections that are accepted to arrive whole before new ones on open streams are refused, milliseconds. */
const ARRIVAL_MS = 500;
/** Time for answers that are written to reach their clients, milliseconds. */
const FLUSH_MS = 2_000;

async function closeGateway(
  intake: Intake,
  batchers: ReadonlyMap<string, Batcher>,
  backends: ReadonlyMap<string, OpenBackend>,
  timeoutMs: number,
): Promise<number> {
  intake.close();
  await withinMs(intake.idle(), timeoutMs);
  const ended = intake.running;
  if (ended > 0) {
    const error = new GatewayError("SHUTTING_DOWN", "the gateway stopped before this was scored; send it to another replica or again", {
      details: { retryAfterMs: 1_000 },
    });
    for (const batcher of batchers.values()) batcher.abandon(error);
    await intake.idle();
  }
  // Nobody waits for what still runs after a forced end, so its processes are not waited for either.
  await closeBackends(backends, ended > 0 ? 0 : undefined);
  return ended;
}

/** Waits for `work`, but no longer than `ms`. */
async function withinMs(work: Promise<unknown>, ms: number): Promise<void> {
  let cancelTimer = () => {};
  const timeout = new Promise<void>((resolve) => {
    cancelTimer = systemClock.after(ms, resolve);
  });
  await Promise.race([work, timeout]);
  cancelTimer();
}

function describeService(
  intake: Intake,
  resolved: Resolved,
  backends: ReadonlyMap<string, OpenBackend>,
  board: ReadinessBoard,
): RewardService {
  const version = { version: VERSION, commit: COMMIT, node: process.version, configDigest: resolved.configDigest };
  const panels = resolved.panels.map(describePanel);
  return {
    score: (request, context) => intake.score(request, context),
    judges: () =>
      resolved.judges.map((resolvedJudge) => ({
        ...describeJudge(resolvedJudge),
        device: backends.get(resolvedJudge.judge.backend ?? "")?.device ?? "",
        ready: board.current().checks.some((check) => check.name === checkOf(resolvedJudge.judge.name) && check.ok),
      })),
    panels: () => panels,
    version: () => version,
  };
}
