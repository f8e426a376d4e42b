import type { Clock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Judge } from "../domain/judge.ts";
import type { Panel, Router } from "../domain/panel.ts";
import type { ScoreObserver } from "../domain/run.ts";
import type { CacheUse, ItemResult, Priority, ScoreRequest, ScoreResult, Timing } from "../domain/score.ts";
import type { CallContext } from "../domain/service.ts";
import type { StateReader, StateSnapshot } from "../domain/state.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Batcher } from "./batcher.ts";
import type { CachedAnswer, ScoreCache } from "./cache.ts";
import { checkItem, checkOptions, refuseLoneGroups } from "./check-options.ts";
import { countScores } from "./count-scores.ts";
import { answerOf, type Flight, type Urgency } from "./flight.ts";
import { askLaterStages, beginJourney, type Journey, type Travel } from "./journey.ts";
import { allFinite, isNotFinite } from "./judgement.ts";
import { observeScores } from "./observe-scores.ts";
import { byBackend, fillFailed, fillRow, type OpenAsk } from "./open-ask.ts";
import { rewardItems } from "./panel-reward.ts";
import { findPanel, neededStates, panelsBehind, routeItem } from "./plan.ts";
import { RequestScope } from "./request-scope.ts";
import { judgingOf } from "./stages.ts";

export interface ScorerOptions {
  readonly panels: ReadonlyMap<string, Panel | Router>;
  /** By backend name, for every backend that a judge of a panel uses. */
  readonly batchers: ReadonlyMap<string, Batcher>;
  readonly cache: ScoreCache;
  readonly clock: Clock;
  /** Present when a panel names a state. */
  readonly states?: StateReader;
  /** Longest that a request may take, whatever its caller allows, milliseconds. */
  readonly maxRequestMs: number;
  readonly metrics?: Metrics;
  readonly log?: Logger;
  /** Hears of everything that was scored. */
  readonly observer?: ScoreObserver;
}

/** What the answers to an ask are read with. */
interface ReadingContext {
  readonly cache: CacheUse;
  askFurther(entries: readonly OpenAsk[]): void;
  onFailure(judge: Judge, error: GatewayError): void;
}

/** Run whose states a request without a run reads. */
const DEFAULT_RUN = "default";

/** Scores a checked request; see `RewardService.score`. */
export type Scorer = (request: ScoreRequest, context: CallContext) => Promise<ScoreResult>;

/** How much later than a critical request one of this priority counts as having arrived: bounds how long it can be passed over. */
export const ALLOWANCE_MS: Record<Priority, number> = { critical: 0, standard: 1_000, sheddable: 10_000 };

/** Of the longest time of a request, how much goes at least to judges that only watch, once the rewards are there. */
const WATCH_SHARE = 0.25;

/**
 * Makes the function that takes a request through the engine, in this order: route, plan, encode, cache, flights through the
 * batchers, decode, cache again, the judges of later stages the same way while the item is open, and per item calibrate, transform,
 * aggregate, constrain and compare within the group.
 */
export function createScorer(options: ScorerOptions): Scorer {
  const { panels, batchers, cache, clock, maxRequestMs, metrics, log, observer } = options;

  return async (request, context) => {
    const startedAt = clock.now();
    const destinations = request.items.map((item) => routeItem(panels, request.panel, item));
    const used = new Set(destinations.map(({ panel }) => panel));
    checkOptions(panelsBehind(panels, request.panel), used, request.options);
    for (const [index, { panel }] of destinations.entries()) {
      checkItem(panel, request.items[index]!, context.streamed === true ? "item" : `items[${index}]`);
    }
    refuseLoneGroups(used, context);
    const states = await readStates(used, request);
    const deadline = startedAt + Math.min(request.options.deadlineMs ?? maxRequestMs, maxRequestMs);
    const urgency = { priority: request.options.priority, rank: startedAt + ALLOWANCE_MS[request.options.priority], expiresAt: deadline };

    const asksOf = new Map<Flight, OpenAsk[]>();
    // A stop ends the request as a whole, and so does its deadline, so that its caller sends it elsewhere, or again, instead of keeping half an answer.
    let stopped: GatewayError | undefined;
    const ask = (entries: readonly OpenAsk[]) => startFlights(entries, asksOf, scope, urgency);
    // The request was let in whole: to refuse a judge half-way would waste what it has cost, and lose the reward.
    const askFurther = (entries: readonly OpenAsk[]) => startFlights(entries, asksOf, scope, { ...urgency, underWay: true });
    const onFailure = faultsToLog(log, context.requestId);
    const reading: ReadingContext = { cache: request.options.cache, askFurther, onFailure };
    const scope = new RequestScope(clock, {
      started: () => metrics?.requestsWaiting.dec(),
      settled: (flight) => {
        const entries = asksOf.get(flight) ?? [];
        if (endsRequest(flight) && entries.some(({ counts }) => counts)) stopped = flight.error;
        for (const entry of entries) if (--entry.missing === 0) readAnswers(entry, reading);
      },
    });
    const travel: Travel = {
      ...{ cache, use: request.options.cache, weighing: { steering: request.options.steering, states }, send: ask, onFailure },
      read: (entry) => {
        unread.push(entry);
        scope.interrupt();
      },
      fail: (error) => {
        stopped ??= error;
        scope.fail(error);
      },
    };
    // What no backend is asked for takes long to read where texts are long. It grows while it is read.
    const unread: OpenAsk[] = [];
    const readUnread = async () => {
      for (const entry of unread) {
        if (scope.holdsLoop()) await scope.giveWay(deadline, context.signal);
        if (stopped !== undefined) throw stopped;
        readAnswers(entry, reading);
      }
      unread.length = 0;
    };
    const open: OpenAsk[] = [];
    const journeys = request.items.map((item, index) => beginJourney(item, destinations[index]!, open, travel));
    const answered = journeys.filter(({ waiting }) => waiting === 0);
    metrics?.requestsWaiting.inc();
    try {
      const needed = open.filter(({ counts }) => counts);
      startFlights(needed, asksOf, scope, urgency);
      const watched = needed.length < open.length;
      if (watched) startWatching(open, asksOf, scope, urgency);
      for (const entry of needed) if (entry.missing === 0) unread.push(entry);
      await readUnread();
      for (const journey of answered) {
        if (scope.holdsLoop()) await scope.giveWay(deadline, context.signal);
        askLaterStages(journey, travel);
      }
      if (watched) await readWatched(open, reading, scope, { deadline, signal: context.signal, readUnread });
      // A caller waits for its rewards, and need not wait as long for a judge that has no part in them and is stuck.
      const watchMs = watched ? maxRequestMs * WATCH_SHARE : undefined;
      do {
        await readUnread();
        if (stopped === undefined) await scope.settled(deadline, context.signal, watchMs);
        if (stopped !== undefined) throw stopped;
      } while (unread.length > 0);
    } catch (error) {
      scope.abandon();
      const reason = GatewayError.from(error).reason;
      if (reason === "QUEUE_FULL" || reason === "TOO_LARGE") metrics?.rejections.inc({ reason, priority: urgency.priority });
      throw error;
    } finally {
      scope.markStarted();
    }
    for (const entry of open) if (entry.missing > 0) fillFailed(entry, TOO_LATE);
    const results = reward(journeys, request, states);
    if (metrics) countScores(metrics, { panel: request.panel, judged: journeys, results });
    if (observer !== undefined) observeScores(observer, { request, context, judged: journeys, results });
    const timing: Timing = {
      totalMs: clock.now() - startedAt,
      queueMs: scope.queueMs,
      prepareMs: scope.prepareMs,
      backendMs: scope.backendMs,
    };
    return {
      panel: request.panel,
      panelRevision: findPanel(panels, request.panel).revision,
      results,
      states: [...states.values()].map(({ name, version }) => ({ name, version })),
      timing,
      usage: usageOf(journeys, scope.tokens),
    };
  };

  /** The states that the panels name, each read once, so that the whole request sees one version. */
  async function readStates(used: ReadonlySet<Panel>, { run, options: { stateVersions } }: ScoreRequest) {
    const names = new Set([...used].flatMap((panel) => panel.states));
    const states = new Map<string, StateSnapshot>();
    for (const name of names) {
      try {
        states.set(name, await options.states!.read(name, run ?? DEFAULT_RUN, stateVersions?.[name]));
      } catch (thrown) {
        // Those that only watch fail without it, by themselves.
        const isNeeded = [...used].some((panel) => neededStates(panel).includes(name));
        if (isNeeded || GatewayError.from(thrown).reason !== "STATE_STORE_UNAVAILABLE") throw thrown;
      }
    }
    return states;
  }

  /** The results of all items, in their order; items of one panel are rewarded together, since advantages may run over all of them. */
  function reward(journeys: readonly Journey[], request: ScoreRequest, states: ReadonlyMap<string, StateSnapshot>): ItemResult[] {
    const { steering, weightSets, detail } = request.options;
    const results: ItemResult[] = new Array(journeys.length);
    const byPanel = new Map<Panel, number[]>();
    for (const [index, { panel }] of journeys.entries()) {
      const indices = byPanel.get(panel);
      if (indices) indices.push(index);
      else byPanel.set(panel, [index]);
    }
    for (const [panel, indices] of byPanel) {
      const judged = indices.map((index) => journeys[index]!);
      for (const [at, result] of rewardItems(panel, judged, { steering, weightSets, detail, states }).entries()) {
        const { route } = judged[at]!;
        const judging = judgingOf(judged[at]!);
        results[indices[at]!] = route || judging ? { ...result, ...(route && { route }), ...(judging && { judging }) } : result;
      }
    }
    return results;
  }

  /** Sends every open ask on its way, all of them or none. */
  function startFlights(open: readonly OpenAsk[], asksOf: Map<Flight, OpenAsk[]>, scope: RequestScope, urgency: Urgency): void {
    for (const [name, entries] of byBackend(open)) {
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
          scope.waitFor(flight, batcher, entry.counts);
        }
      }
    }
  }

  /** Sends the asks of judges that only watch. One that is refused has failed; the request goes on. */
  function startWatching(open: readonly OpenAsk[], asksOf: Map<Flight, OpenAsk[]>, scope: RequestScope, urgency: Urgency): void {
    for (const entry of open) {
      if (entry.counts) continue;
      try {
        startFlights([entry], asksOf, scope, urgency);
      } catch (thrown) {
        fillFailed(entry, GatewayError.from(thrown));
      }
    }
  }

  /** Reads what judges that only watch say without a backend. At the deadline they have failed; the request goes on. */
  async function readWatched(
    open: readonly OpenAsk[],
    reading: ReadingContext,
    scope: RequestScope,
    { deadline, signal, readUnread }: { readonly deadline: number; readonly signal: AbortSignal; readUnread(): Promise<void> },
  ): Promise<void> {
    let late = false;
    for (const entry of open) {
      if (entry.counts || entry.missing > 0 || isFilled(entry)) continue;
      if (!late && scope.holdsLoop()) {
        await scope.giveWay(Number.POSITIVE_INFINITY, signal);
        await readUnread();
        late = clock.now() >= deadline;
      }
      if (late) fillFailed(entry, TOO_LATE);
      else readAnswers(entry, reading);
    }
  }

  /** Decodes the settled flights of one ask into its row, and keeps good scores; or asks what the judge has to ask further. */
  function readAnswers(entry: OpenAsk, { cache: use, askFurther, onFailure }: ReadingContext): void {
    if (isFilled(entry)) return;
    const { judge, item, ask, row } = entry;
    for (const { result } of new Set(entry.flights)) entry.heard.spent(result?.tokens ?? 0);
    try {
      const results = entry.flights.map((flight) => answerOf(flight, judge));
      const further = entry.followUps < (judge.maxFollowUps ?? 1) ? judge.followUp?.(ask, results, item) : undefined;
      if (further !== undefined) {
        entry.ask = further;
        entry.followUps++;
        askFurther([entry]);
        return;
      }
      const scores = judge.decode(ask, results, item);
      metrics?.nonfinite.inc({ judge: judge.name }, scores.filter(isNotFinite).length);
      if (!scores.every(allFinite)) throw new GatewayError("SCORE_NOT_FINITE", "the model gave a score that is not a finite number");
      const all = [...(ask.earlier ?? []), ...results];
      const tokens = all.reduce((sum, result) => sum + result.tokens, 0);
      const answer: CachedAnswer = { scores, tokens, truncation: all.find((result) => result.truncation)?.truncation };
      const lasting = !ask.fleeting && all.every(({ failure }) => failure === undefined);
      if (lasting && entry.digest !== undefined && use !== "bypass") cache.set(judge.revision, entry.digest, answer);
      fillRow(row, ask, answer, false);
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      onFailure(judge, error);
      if (error.reason === "SCORE_NOT_FINITE") metrics?.nonfinite.inc({ judge: judge.name });
      fillFailed(entry, error);
    }
    entry.heard.filled();
  }
}

function isFilled({ ask, row }: OpenAsk): boolean {
  return row[ask.candidates[0]!] !== undefined;
}

/** Tells the log of faults of the gateway itself, for whose cause an answer points there; of one judge once. */
function faultsToLog(log: Logger | undefined, requestId: string): ReadingContext["onFailure"] {
  const told = new Set<Judge>();
  return (judge, error) => {
    if (error.reason !== "INTERNAL" || told.has(judge)) return;
    told.add(judge);
    log?.error({ requestId, judge: judge.name, err: error }, "judge failed");
  };
}

/** Whether a stop ended a call, or the queue dropped it since nobody waits as long, which its turn may show before the timer of the request does. */
function endsRequest({ error, startedAt }: Flight): boolean {
  return error?.reason === "SHUTTING_DOWN" || (error?.reason === "DEADLINE_EXCEEDED" && startedAt === 0);
}

const TOO_LATE = new GatewayError("DEADLINE_EXCEEDED", "the judge only watches, and it had not answered when the request had to");

function usageOf(journeys: readonly Journey[], tokens: number) {
  let candidates = 0;
  let cachedScores = 0;
  for (const { item, rows } of journeys) {
    candidates += item.candidates.length;
    for (const row of rows) for (const judgement of row) if (judgement.outcome === "scored" && judgement.cached) cachedScores++;
  }
  return { candidates, cachedScores, tokens };
}
