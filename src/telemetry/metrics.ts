import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { ERROR_TABLE, type ErrorReason } from "../domain/errors.ts";
import { type CandidateStatus, type Outcome, PRIORITIES } from "../domain/score.ts";
import { createCacheMetrics } from "./cache-metrics.ts";
import { createConnectionMetrics } from "./connection-metrics.ts";
import { createRunMetrics } from "./run-metrics.ts";
import { createStageMetrics } from "./stage-metrics.ts";
import { createStateMetrics } from "./state-metrics.ts";
import { createUpstreamMetrics } from "./upstream-metrics.ts";

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100];
const ITEM_COUNTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096];
const TOKEN_COUNTS = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 65536];
const PAYLOAD_BYTES = [256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216];
const SCORES = [-16, -8, -4, -2, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 2, 4, 8, 16];
const RATIOS = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75];

/** Final codes of requests that the gateway answered, or failed: those of alerts. Those of requests at fault themselves come as they come. */
const CODES: ReadonlySet<string> = new Set(["OK", ...Object.values(ERROR_TABLE).flatMap(({ grpc, http }) => (http < 500 ? [] : grpc))]);

/** Wires that count requests. */
export type TransportLabel = "grpc" | "http";
/** Why a batch was sent to its backend. */
export type BatchClosedBy = "full" | "tokens" | "delay" | "idle" | "isolation";

/**
 * Every metric of the gateway, created at start with all series whose labels are known, so that none is missing
 * before its first event. `docs/metrics.md` describes each; a test holds that page to this file.
 */
export function createMetrics(facts: { version: string; commit: string }) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requestsTotal = new Counter({
    name: "rewardgate_requests_total",
    help: "Requests finished, by transport, method and final status code (gRPC names on both transports).",
    labelNames: ["transport", "method", "code"],
    registers,
  });
  const requestDuration = new Histogram({
    name: "rewardgate_request_duration_seconds",
    help: "Wall time from the arrival of the request to the last byte handed to the socket.",
    labelNames: ["transport", "method"],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const requestsRunning = new Gauge({ name: "rewardgate_requests_running", help: "Requests being executed now.", registers });
  const requestsWaiting = new Gauge({
    name: "rewardgate_requests_waiting",
    help: "Requests accepted of which no call has reached a backend yet.",
    registers,
  });
  const requestItems = new Histogram({
    name: "rewardgate_request_items",
    help: "Items carried by one request.",
    labelNames: ["method"],
    buckets: ITEM_COUNTS,
    registers,
  });
  const requestSize = new Histogram({
    name: "rewardgate_request_size_bytes",
    help: "Request payload size after decompression.",
    labelNames: ["transport"],
    buckets: PAYLOAD_BYTES,
    registers,
  });
  const candidates = new Counter({
    name: "rewardgate_candidates_total",
    help: "Candidates that reached a terminal status.",
    labelNames: ["panel", "status"],
    registers,
  });
  const rejections = new Counter({
    name: "rewardgate_rejections_total",
    help: "Work refused before any judge ran.",
    labelNames: ["reason", "priority"],
    registers,
  });
  const observers: (() => void)[] = [];
  // Gauges that mirror state are read when somebody looks, not written on every change. Collectors run in the order of
  // registration, so this one, registered before the gauges it refreshes, refreshes them all.
  const queueItems = new Gauge({
    collect: () => {
      for (const observe of observers) observe();
    },
    name: "rewardgate_queue_items",
    help: "Calls waiting.",
    labelNames: ["backend", "priority"],
    registers,
  });
  const queueLimitItems = new Gauge({
    name: "rewardgate_queue_limit_items",
    help: "Most calls that may wait.",
    labelNames: ["backend"],
    registers,
  });
  const queueBytes = new Gauge({
    name: "rewardgate_queue_bytes",
    help: "Text held by waiting calls, UTF-16 units.",
    labelNames: ["backend"],
    registers,
  });
  const queueTokens = new Gauge({
    name: "rewardgate_queue_tokens",
    help: "Tokens held by waiting calls.",
    labelNames: ["backend"],
    registers,
  });
  const queueWait = new Histogram({
    name: "rewardgate_queue_wait_seconds",
    help: "Time a call waited before it left the queue.",
    labelNames: ["backend", "outcome"],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const backlog = new Gauge({
    name: "rewardgate_backlog_seconds",
    help: "Queued tokens divided by the measured token rate (autoscaling signal).",
    labelNames: ["backend"],
    registers,
  });
  const batchItems = new Histogram({
    name: "rewardgate_batch_items",
    help: "Calls per executed batch.",
    labelNames: ["backend"],
    buckets: ITEM_COUNTS,
    registers,
  });
  const batchTokens = new Histogram({
    name: "rewardgate_batch_tokens",
    help: "Tokens read per executed batch, padding excluded; a prefix that calls share counts once.",
    labelNames: ["backend"],
    buckets: TOKEN_COUNTS,
    registers,
  });
  const batchPadding = new Histogram({
    name: "rewardgate_batch_padding_ratio",
    help: "Share of padding tokens in a batch.",
    labelNames: ["backend"],
    buckets: RATIOS,
    registers,
  });
  const sharedTokens = new Counter({
    name: "rewardgate_shared_prefix_tokens_total",
    help: "Tokens of prompts that were not read again, since another candidate of the row had them.",
    labelNames: ["backend"],
    registers,
  });
  const batchesTotal = new Counter({
    name: "rewardgate_batches_total",
    help: "Executed batches by what closed them.",
    labelNames: ["backend", "closed_by"],
    registers,
  });
  const batchDuration = new Histogram({
    name: "rewardgate_batch_duration_seconds",
    help: "Time a backend took for one batch.",
    labelNames: ["backend"],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const judgeCalls = new Counter({
    name: "rewardgate_judge_calls_total",
    help: "Judge evaluations of one candidate, by outcome; cache hits included.",
    labelNames: ["judge", "outcome"],
    registers,
  });
  const judgeScore = new Histogram({
    name: "rewardgate_judge_score",
    help: "Raw scores.",
    labelNames: ["judge"],
    buckets: SCORES,
    registers,
  });
  const reward = new Histogram({ name: "rewardgate_reward", help: "Rewards.", labelNames: ["panel"], buckets: SCORES, registers });
  const nonfinite = new Counter({
    name: "rewardgate_nonfinite_scores_total",
    help: "Raw scores that were NaN or infinite.",
    labelNames: ["judge"],
    registers,
  });
  const imputed = new Counter({
    name: "rewardgate_imputed_scores_total",
    help: "Scores that the failure policy put in place of a missing one.",
    labelNames: ["judge"],
    registers,
  });
  const goldenError = new Gauge({
    name: "rewardgate_judge_golden_max_abs_error",
    help: "Largest deviation from the golden scores in the last self-test.",
    labelNames: ["judge"],
    registers,
  });
  const judgeUp = new Gauge({ name: "rewardgate_judge_up", help: "1 when the judge accepts work.", labelNames: ["judge"], registers });
  const judgeInfo = new Gauge({
    name: "rewardgate_judge_info",
    help: "Judge facts, constant 1.",
    labelNames: ["judge", "kind", "revision", "device", "determinism"],
    registers,
  });
  const cache = createCacheMetrics(registry);
  const coalesced = new Counter({
    name: "rewardgate_coalesced_items_total",
    help: "Calls answered by an identical call in flight.",
    registers,
  });
  const workerRestarts = new Counter({
    name: "rewardgate_worker_restarts_total",
    help: "Inference processes that were restarted.",
    labelNames: ["backend", "reason"],
    registers,
  });
  const quarantined = new Counter({
    name: "rewardgate_quarantined_calls_total",
    help: "Calls refused because processes ended that ran them.",
    labelNames: ["backend"],
    registers,
  });
  const workers = new Gauge({
    name: "rewardgate_workers",
    help: "Inference processes.",
    labelNames: ["backend", "state"],
    registers,
  });
  const runs = createRunMetrics(registry);
  const ready = new Gauge({ name: "rewardgate_ready", help: "1 when readiness is passing.", registers });
  const draining = new Gauge({ name: "rewardgate_draining", help: "1 during shutdown.", registers });
  const buildInfo = new Gauge({
    name: "rewardgate_build_info",
    help: "Build facts, constant 1.",
    labelNames: ["version", "commit", "node_version"],
    registers,
  });
  buildInfo.set({ version: facts.version, commit: facts.commit, node_version: process.version }, 1);
  for (const reason of ["QUEUE_FULL", "TOO_LARGE", "SHUTTING_DOWN"] satisfies ErrorReason[])
    for (const priority of PRIORITIES) rejections.inc({ reason, priority }, 0);
  return {
    registry,
    requestsTotal,
    requestDuration,
    requestsRunning,
    requestsWaiting,
    requestItems,
    requestSize,
    candidates,
    rejections,
    queueItems,
    queueLimitItems,
    queueBytes,
    queueTokens,
    queueWait,
    backlog,
    batchItems,
    batchTokens,
    batchPadding,
    sharedTokens,
    batchesTotal,
    batchDuration,
    judgeCalls,
    judgeScore,
    reward,
    nonfinite,
    imputed,
    goldenError,
    judgeUp,
    judgeInfo,
    cache,
    coalesced,
    workerRestarts,
    quarantined,
    workers,
    ...runs,
    ready,
    draining,
    connections: createConnectionMetrics(registry),
    state: createStateMetrics(registry),
    stages: createStageMetrics(registry),
    upstream: createUpstreamMetrics(registry),

    /** Runs `observe` before each scrape, to set the gauges that mirror state. */
    onScrape(observe: () => void): void {
      observers.push(observe);
    },
    /** Creates the series of one method that alerts look at, before its first request. */
    declareMethod(transport: TransportLabel, method: string): void {
      for (const code of CODES) requestsTotal.inc({ transport, method, code }, 0);
    },
    /** Creates the series of one panel before its first request. */
    declarePanel(panel: string): void {
      const statuses: CandidateStatus[] = ["complete", "degraded", "vetoed", "failed"];
      for (const status of statuses) candidates.inc({ panel, status }, 0);
    },
    /** Creates the series of one judge before its first call. */
    declareJudge(judge: string): void {
      const outcomes: Outcome[] = ["scored", "failed", "skipped", "abstained", "not_applicable", "not_asked"];
      for (const outcome of outcomes) judgeCalls.inc({ judge, outcome }, 0);
      nonfinite.inc({ judge }, 0);
      imputed.inc({ judge }, 0);
      runs.judgeProbeAccepts.inc({ judge }, 0);
    },
    /** Creates the series of one backend before its first batch. */
    declareBackend(backend: string): void {
      const closedBy: BatchClosedBy[] = ["full", "tokens", "delay", "idle", "isolation"];
      for (const closed_by of closedBy) batchesTotal.inc({ backend, closed_by }, 0);
      for (const reason of ["crash", "hang"]) workerRestarts.inc({ backend, reason }, 0);
      quarantined.inc({ backend }, 0);
      sharedTokens.inc({ backend }, 0);
      for (const priority of PRIORITIES) queueItems.set({ backend, priority }, 0);
    },
    /** One request ended: `reason` is undefined when it was answered, partial failures included. */
    requestFinished(facts: {
      transport: TransportLabel;
      method: string;
      reason: ErrorReason | undefined;
      seconds: number;
      items: number;
      bytes: number;
    }): void {
      const { transport, method } = facts;
      requestsTotal.inc({ transport, method, code: facts.reason === undefined ? "OK" : ERROR_TABLE[facts.reason].grpc });
      requestDuration.observe({ transport, method }, facts.seconds);
      if (facts.items > 0) requestItems.observe({ method }, facts.items);
      if (facts.bytes > 0) requestSize.observe({ transport }, facts.bytes);
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
