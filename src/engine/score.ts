import type { Clock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Ask, Judge } from "../domain/judge.ts";
import type { Panel, Router } from "../domain/panel.ts";
import type { ScoreObserver } from "../domain/run.ts";
import type { ItemResult, Priority, ScoreRequest, ScoreResult, Timing } from "../domain/score.ts";
import type { CallContext } from "../domain/service.ts";
import type { StateReader, StateSnapshot } from "../domain/state.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Batcher } from "./batcher.ts";
import type { CachedAnswer, ScoreCache } from "./cache.ts";
import { checkItem, checkOptions, refuseLoneGroups } from "./check-options.ts";
import { countScores } from "./count-scores.ts";
import { digestAsks } from "./digest.ts";
import { answerOf, type Flight, type Urgency } from "./flight.ts";
import { allFinite, failedJudgement, isNotFinite, type Judgement } from "./judgement.ts";
import { observeScores } from "./observe-scores.ts";
import { rewardItems } from "./panel-reward.ts";
import { type Destination, findPanel, judgedItem, planItem, routeItem } from "./plan.ts";
import { RequestScope } from "./request-scope.ts";

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
  /** Hears of everything that was scored. */
  readonly observer?: ScoreObserver;
}

/** Run whose states a request without a run reads. */
const DEFAULT_RUN = "default";

/** Scores a checked request; see `RewardService.score`. */
export type Scorer = (request: ScoreRequest, context: CallContext) => Promise<ScoreResult>;

/** How much later than a critical request one of this priority counts as having arrived: bounds how long it can be passed over. */
const ALLOWANCE_MS: Record<Priority, number> = { critical: 0, standard: 1_000, sheddable: 10_000 };

/** A question that the cache could not answer, and where its answer belongs. */
interface OpenAsk {
  readonly judge: Judge;
  /** Whether a reward depends on it. */
  readonly counts: boolean;
  readonly item: Item;
  /** What is asked now: what `encode` asked, or what follows it. */
  ask: Ask;
  /** Digest of what `encode` asked; absent when there is nothing to ask, so that the answer is not kept. */
  readonly digest: string | undefined;
  /** The row of judgements to fill, by candidate. */
  readonly row: Judgement[];
  /** Further asks so far. */
  followUps: number;
  flights: readonly Flight[];
  /** Flights of its own that have not settled. */
  missing: number;
}

/** An item on its way: where it goes and what its judges said. */
interface Journey extends Destination {
  readonly item: Item;
  /** One row per judge of the panel. */
  readonly rows: Judgement[][];
}

/**
 * Makes the function that takes a request through the engine, in this order: route, plan, encode, cache, flights through the
 * batchers, decode, cache again, and per item calibrate, transform, aggregate, constrain and compare within the group.
 */
export function createScorer(options: ScorerOptions): Scorer {
  const { panels, batchers, cache, clock, maxRequestMs, metrics, observer } = options;

  return async (request, context) => {
    const startedAt = clock.now();
    const destinations = request.items.map((item) => routeItem(panels, request.panel, item));
    const used = new Set(destinations.map(({ panel }) => panel));
    checkOptions(used, request.options);
    for (const [index, { panel }] of destinations.entries()) checkItem(panel, request.items[index]!, index);
    refuseLoneGroups(used, context);
    const states = await readStates(used, request);
    const deadline = startedAt + Math.min(request.options.deadlineMs ?? maxRequestMs, maxRequestMs);
    const urgency = { priority: request.options.priority, rank: startedAt + ALLOWANCE_MS[request.options.priority], expiresAt: deadline };

    const open: OpenAsk[] = [];
    const journeys = request.items.map((item, index): Journey => {
      const { panel, route } = destinations[index]!;
      return { item, panel, route, rows: judgeFromCache(panel, judgedItem(panel, item), request, open) };
    });
    metrics?.requestsWaiting.inc();
    const asksOf = new Map<Flight, OpenAsk[]>();
    // A stop ends the request as a whole, so that its caller sends it elsewhere instead of keeping half an answer.
    let stopped: GatewayError | undefined;
    const ask = (entries: readonly OpenAsk[]) => startFlights(entries, asksOf, scope, urgency);
    const scope = new RequestScope(clock, {
      started: () => metrics?.requestsWaiting.dec(),
      settled: (flight) => {
        if (flight.error?.reason === "SHUTTING_DOWN") stopped = flight.error;
        for (const entry of asksOf.get(flight) ?? []) if (--entry.missing === 0) readAnswers(entry, request, ask);
      },
    });
    try {
      const needed = open.filter(({ counts }) => counts);
      startFlights(needed, asksOf, scope, urgency);
      if (needed.length < open.length) startWatching(open, asksOf, scope, urgency);
      for (const entry of open) if (entry.missing === 0) readAnswers(entry, request, ask);
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
    for (const name of names) states.set(name, await options.states!.read(name, run ?? DEFAULT_RUN, stateVersions?.[name]));
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
        results[indices[at]!] = route === undefined ? result : { ...result, route };
      }
    }
    return results;
  }

  /** Judgements of one item as far as plan and cache give them; what is missing goes to `open`. */
  function judgeFromCache(panel: Panel, item: Item, request: ScoreRequest, open: OpenAsk[]): Judgement[][] {
    return planItem(panel, item).map(({ judge, counts, skip }) => {
      if (skip !== undefined) return item.candidates.map(() => skip);
      const row: Judgement[] = new Array(item.candidates.length);
      let asks: readonly Ask[];
      try {
        asks = judge.encode(item);
      } catch (error) {
        return row.fill(failedJudgement(GatewayError.from(error)));
      }
      const digests = digestAsks(asks);
      for (const [index, ask] of asks.entries()) {
        // An answer that takes no call costs less than looking for it.
        const digest = digests[index];
        const answer = digest !== undefined && request.options.cache === "use" ? cache.get(judge.revision, digest) : undefined;
        if (answer === undefined) open.push({ judge, counts, item, ask, digest, row, followUps: 0, flights: [], missing: 0 });
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

  /** Decodes the settled flights of one ask into its row, and keeps good scores; or asks what the judge has to ask further. */
  function readAnswers(entry: OpenAsk, request: ScoreRequest, askFurther: (entries: readonly OpenAsk[]) => void): void {
    const { judge, item, ask, row } = entry;
    if (row[ask.candidates[0]!] !== undefined) return;
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
      const whole = all.every(({ failure }) => failure === undefined);
      if (whole && entry.digest !== undefined && request.options.cache !== "bypass") cache.set(judge.revision, entry.digest, answer);
      fillRow(row, ask, answer, false);
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      if (error.reason === "SCORE_NOT_FINITE") metrics?.nonfinite.inc({ judge: judge.name });
      fillFailed(entry, error);
    }
  }
}

const TOO_LATE = new GatewayError("DEADLINE_EXCEEDED", "the judge only watches, and it had not answered when the request had to");

function fillFailed({ ask, row }: OpenAsk, error: GatewayError): void {
  const failure = failedJudgement(error);
  for (const candidate of ask.candidates) row[candidate] = failure;
}

function fillRow(row: Judgement[], ask: Ask, answer: CachedAnswer, cached: boolean): void {
  const { tokens, truncation } = answer;
  for (const [index, candidate] of ask.candidates.entries()) {
    const raw = answer.scores[index];
    if (raw === undefined)
      row[candidate] = failedJudgement(new GatewayError("JUDGE_OUTPUT_UNREADABLE", "the judge gave fewer scores than asked"));
    else if (raw.outcome === "scored") row[candidate] = { outcome: "scored", raw, cached, tokens, truncation };
    else if (raw.outcome === "failed") row[candidate] = failedJudgement(raw.error);
    else {
      const failure = { reason: "JUDGE_OUTPUT_UNREADABLE", message: raw.message, retryable: false } as const;
      row[candidate] = { outcome: "abstained", failure };
    }
  }
}

function usageOf(journeys: readonly Journey[], tokens: number) {
  let candidates = 0;
  let cachedScores = 0;
  for (const { item, rows } of journeys) {
    candidates += item.candidates.length;
    for (const row of rows) for (const judgement of row) if (judgement.outcome === "scored" && judgement.cached) cachedScores++;
  }
  return { candidates, cachedScores, tokens };
}
