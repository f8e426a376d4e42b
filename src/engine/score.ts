import type { CallResult } from "../domain/backend.ts";
import type { Clock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Ask, Judge } from "../domain/judge.ts";
import type { Panel } from "../domain/panel.ts";
import type { ScoreObserver } from "../domain/run.ts";
import type { CandidateStatus, ItemResult, Outcome, Priority, ScoreRequest, ScoreResult, Timing } from "../domain/score.ts";
import type { CallContext } from "../domain/service.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Batcher } from "./batcher.ts";
import type { CachedAnswer, ScoreCache } from "./cache.ts";
import { digestAsk } from "./digest.ts";
import type { Flight, Urgency } from "./flight.ts";
import { allFinite, failedJudgement, type Judgement } from "./judgement.ts";
import { observeScores } from "./observe-scores.ts";
import { rewardGroup } from "./panel-reward.ts";
import { checkSteering, planItem } from "./plan.ts";
import { RequestScope } from "./request-scope.ts";

export interface ScorerOptions {
  readonly panels: ReadonlyMap<string, Panel>;
  /** By backend name, for every backend that a judge of a panel uses. */
  readonly batchers: ReadonlyMap<string, Batcher>;
  readonly cache: ScoreCache;
  readonly clock: Clock;
  /** Longest that a request may take, whatever its caller allows, milliseconds. */
  readonly maxRequestMs: number;
  readonly metrics?: Metrics;
  /** Hears of everything that was scored. */
  readonly observer?: ScoreObserver;
}

/** Scores a checked request; see `RewardService.score`. */
export type Scorer = (request: ScoreRequest, context: CallContext) => Promise<ScoreResult>;

/** How much later than a critical request one of this priority counts as having arrived: bounds how long it can be passed over. */
const ALLOWANCE_MS: Record<Priority, number> = { critical: 0, standard: 1_000, sheddable: 10_000 };

/** A question that the cache could not answer, and where its answer belongs. */
interface OpenAsk {
  readonly judge: Judge;
  readonly item: Item;
  readonly ask: Ask;
  readonly digest: string;
  /** The row of judgements to fill, by candidate. */
  readonly row: Judgement[];
  flights: readonly Flight[];
  /** Flights of its own that have not settled. */
  missing: number;
}

/**
 * Makes the function that takes a request through the engine, in this order: plan, encode, cache, flights through the
 * batchers, decode, cache again, and per item calibrate, transform and aggregate.
 */
export function createScorer(options: ScorerOptions): Scorer {
  const { panels, batchers, cache, clock, maxRequestMs, metrics, observer } = options;

  return async (request, context) => {
    const startedAt = clock.now();
    const panel = findPanel(panels, request.panel);
    checkSteering(panel, request.options.steering);
    const deadline = startedAt + Math.min(request.options.deadlineMs ?? maxRequestMs, maxRequestMs);
    const urgency = { priority: request.options.priority, rank: startedAt + ALLOWANCE_MS[request.options.priority], expiresAt: deadline };

    const open: OpenAsk[] = [];
    const judgements = request.items.map((item) => judgeFromCache(panel, item, request, open));
    metrics?.requestsWaiting.inc();
    const asksOf = new Map<Flight, OpenAsk[]>();
    // A stop ends the request as a whole, so that its caller sends it elsewhere instead of keeping half an answer.
    let stopped: GatewayError | undefined;
    const scope = new RequestScope(clock, {
      started: () => metrics?.requestsWaiting.dec(),
      settled: (flight) => {
        if (flight.error?.reason === "SHUTTING_DOWN") stopped = flight.error;
        for (const entry of asksOf.get(flight) ?? []) if (--entry.missing === 0) readAnswers(entry, request);
      },
    });
    try {
      startFlights(open, asksOf, scope, urgency);
      for (const entry of open) if (entry.missing === 0) readAnswers(entry, request);
      await scope.settled(deadline, context.signal);
      if (stopped !== undefined) throw stopped;
    } catch (error) {
      scope.abandon();
      const reason = GatewayError.from(error).reason;
      if (reason === "QUEUE_FULL" || reason === "TOO_LARGE") metrics?.rejections.inc({ reason, priority: urgency.priority });
      throw error;
    } finally {
      scope.markStarted();
    }
    const { steering, detail } = request.options;
    const results: ItemResult[] = request.items.map((item, index) => {
      const candidates = rewardGroup(panel, judgements[index]!, { steering, detail });
      return { id: item.id, candidates };
    });
    count(panel, judgements, results);
    if (observer !== undefined) observeScores(observer, { request, context, panel, judgements, results });
    const timing: Timing = {
      totalMs: clock.now() - startedAt,
      queueMs: scope.queueMs,
      prepareMs: scope.prepareMs,
      backendMs: scope.backendMs,
    };
    return { panel: panel.name, panelRevision: panel.revision, results, timing, usage: usageOf(judgements, scope.tokens) };
  };

  /** Judgements of one item as far as plan and cache give them; what is missing goes to `open`. */
  function judgeFromCache(panel: Panel, item: Item, request: ScoreRequest, open: OpenAsk[]): Judgement[][] {
    return planItem(panel, item).map(({ judge, skip }) => {
      if (skip !== undefined) return item.candidates.map(() => skip);
      const row: Judgement[] = new Array(item.candidates.length);
      let asks: readonly Ask[];
      try {
        asks = judge.encode(item);
      } catch (error) {
        return row.fill(failedJudgement(GatewayError.from(error)));
      }
      for (const ask of asks) {
        const digest = digestAsk(ask);
        const answer = request.options.cache === "use" ? cache.get(judge.revision, digest) : undefined;
        if (answer === undefined) open.push({ judge, item, ask, digest, row, flights: [], missing: 0 });
        else fillRow(row, ask, answer, true);
      }
      return row;
    });
  }

  /** Sends every open ask on its way, all of them or none. */
  function startFlights(open: readonly OpenAsk[], asksOf: Map<Flight, OpenAsk[]>, scope: RequestScope, urgency: Urgency): void {
    const byBackend = new Map<string | undefined, OpenAsk[]>();
    for (const entry of open) {
      if (entry.ask.calls.length === 0) continue;
      const entries = byBackend.get(entry.judge.backend);
      if (entries) entries.push(entry);
      else byBackend.set(entry.judge.backend, [entry]);
    }
    for (const [name, entries] of byBackend) {
      const batcher = name === undefined ? undefined : batchers.get(name);
      if (batcher === undefined) throw new GatewayError("INTERNAL", `judge "${entries[0]!.judge.name}" asks a backend that is not open`);
      const calls = entries.flatMap((entry) => entry.ask.calls);
      const flights = batcher.dispatch(calls, scope, urgency);
      let next = 0;
      for (const entry of entries) {
        entry.flights = flights.slice(next, next + entry.ask.calls.length);
        next += entry.ask.calls.length;
        for (const flight of new Set(entry.flights)) {
          entry.missing++;
          const asks = asksOf.get(flight);
          if (asks) asks.push(entry);
          else asksOf.set(flight, [entry]);
          scope.waitFor(flight, batcher);
        }
      }
    }
  }

  /** Decodes the settled flights of one ask into its row, and keeps good scores. */
  function readAnswers(entry: OpenAsk, request: ScoreRequest): void {
    const { judge, item, ask, row } = entry;
    try {
      for (const flight of entry.flights) if (flight.error) throw flight.error;
      const results: CallResult[] = entry.flights.map((flight) => flight.result!);
      const scores = judge.decode(ask, results, item);
      if (!scores.every(allFinite)) throw new GatewayError("SCORE_NOT_FINITE", "the model gave a score that is not a finite number");
      const tokens = results.reduce((sum, result) => sum + result.tokens, 0);
      const answer: CachedAnswer = { scores, tokens, truncation: results.find((result) => result.truncation)?.truncation };
      if (request.options.cache !== "bypass") cache.set(judge.revision, entry.digest, answer);
      fillRow(row, ask, answer, false);
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      if (error.reason === "SCORE_NOT_FINITE") metrics?.nonfinite.inc({ judge: judge.name });
      for (const candidate of ask.candidates) row[candidate] = failedJudgement(error);
    }
  }

  function count(panel: Panel, judgements: readonly Judgement[][][], results: readonly ItemResult[]): void {
    if (metrics === undefined) return;
    for (const [index, { judge }] of panel.members.entries()) {
      const scores = metrics.judgeScore.labels({ judge: judge.name });
      const outcomes: Partial<Record<Outcome, number>> = {};
      for (const rows of judgements) {
        for (const judgement of rows[index]!) {
          outcomes[judgement.outcome] = (outcomes[judgement.outcome] ?? 0) + 1;
          if (judgement.outcome === "scored") scores.observe(judgement.raw.value);
        }
      }
      for (const [outcome, times] of Object.entries(outcomes)) metrics.judgeCalls.inc({ judge: judge.name, outcome }, times);
    }
    const rewards = metrics.reward.labels({ panel: panel.name });
    const statuses: Partial<Record<CandidateStatus, number>> = {};
    for (const { candidates } of results) {
      for (const { status, reward, judges } of candidates) {
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (reward !== undefined) rewards.observe(reward);
        for (const part of judges) if (part.imputed) metrics.imputed.inc({ judge: part.judge });
      }
    }
    for (const [status, times] of Object.entries(statuses)) metrics.candidates.inc({ panel: panel.name, status }, times);
  }
}

function fillRow(row: Judgement[], ask: Ask, answer: CachedAnswer, cached: boolean): void {
  const { tokens, truncation } = answer;
  for (const [index, candidate] of ask.candidates.entries()) {
    const raw = answer.scores[index];
    if (raw === undefined)
      row[candidate] = failedJudgement(new GatewayError("JUDGE_OUTPUT_UNREADABLE", "the judge gave fewer scores than asked"));
    else if (raw.outcome === "scored") row[candidate] = { outcome: "scored", raw, cached, tokens, truncation };
    else {
      const failure = { reason: "JUDGE_OUTPUT_UNREADABLE", message: raw.message, retryable: false } as const;
      row[candidate] = { outcome: "abstained", failure };
    }
  }
}

function findPanel(panels: ReadonlyMap<string, Panel>, name: string): Panel {
  const panel = panels.get(name);
  if (panel !== undefined) return panel;
  const known = [...panels.keys()];
  throw new GatewayError("PANEL_NOT_FOUND", `no panel "${name}"; defined: ${known.join(", ")}`, { details: { suggestions: known } });
}

function usageOf(judgements: readonly Judgement[][][], tokens: number) {
  let candidates = 0;
  let cachedScores = 0;
  for (const rows of judgements) {
    candidates += rows[0]!.length;
    for (const row of rows) for (const judgement of row) if (judgement.outcome === "scored" && judgement.cached) cachedScores++;
  }
  return { candidates, cachedScores, tokens };
}
