import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import { type CandidateResult, DEFAULT_OPTIONS } from "../../domain/score.ts";
import type { CallContext, RewardService } from "../../domain/service.ts";
import { readWholeBody } from "../http/body.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Route } from "../http/route.ts";
import { parseStrictJson } from "../http/strict-json.ts";
import { MAX_DEADLINE_MS } from "../request-options.ts";
import { checkScoreRequest } from "../request-rules.ts";
import { WIRE_KINDS, type WireName, type WireSettings } from "./index.ts";
import type { WireCaller, WireFacts, WireReward } from "./wire.ts";

/** What the routes of wires depend on. */
export interface WireRoutesOptions {
  readonly service: RewardService;
  readonly limits: RequestLimits;
  /** Time for a body, milliseconds. */
  readonly bodyMs: number;
  /** Wires that are served, by name. */
  readonly wires: Readonly<Partial<Record<WireName, WireSettings | undefined>>>;
}

/**
 * The routes of the wires that the configuration enables. Thin: each body becomes items of one panel, and rewards become the body that
 * its client reads. No number stands in for a failure unless the operator stated it: a call with a candidate that has no reward fails
 * as a whole, with 503 where sending it again may help, so that the client's own loop does.
 */
export function wireRoutes({ service, limits, bodyMs, wires }: WireRoutesOptions): Route[] {
  return WIRE_KINDS.flatMap((kind) => {
    const settings = wires[kind.wire];
    if (settings === undefined) return [];
    const score = createScorer(settings, service, limits);
    return kind.routes(settings.path, factsOf(settings, service, limits)).map(
      ({ verb = "post", path, method, answer }): Route => ({
        verb,
        path,
        method,
        ...(verb === "post" && { mediaTypes: ["application/json"] }),
        ...(kind.errorBody !== undefined && { errorBody: kind.errorBody }),
        async handle(exchange, request) {
          const bytes = await readWholeBody(request, { maxBytes: limits.maxHttpBodyBytes, timeoutMs: bodyMs });
          exchange.record.bytes = bytes.length;
          // Some clients send a body with GET.
          const json = verb === "get" && bytes.length === 0 ? undefined : parseStrictJson(bytes, limits.maxJsonDepth);
          exchange.answer(await answer(json, callerOf(exchange, score)));
        },
      }),
    );
  });
}

type Score = (items: readonly Item[], context: CallContext, deadlineMs: number | undefined) => Promise<WireReward[][]>;

function callerOf(exchange: Exchange, score: Score): WireCaller {
  return {
    score(items) {
      exchange.record.items = items.length;
      return score(items, exchange.context, exchange.allowedMs());
    },
    scoreApart(items, timeoutMs) {
      exchange.record.items = items.length;
      const context = { ...exchange.context, signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))) };
      return score(items, context, Math.min(MAX_DEADLINE_MS, Math.max(1, Math.floor(timeoutMs))));
    },
  };
}

function createScorer({ panel, onFailure }: WireSettings, service: RewardService, limits: RequestLimits): Score {
  return async (items, context, deadlineMs) => {
    const options = { ...DEFAULT_OPTIONS, detail: "judges" as const, ...(deadlineMs !== undefined && { deadlineMs }) };
    const request = { panel, items, options };
    checkScoreRequest(request, limits, "unary");
    const { results } = await service.score(request, context);
    return results.map(({ id, candidates }) =>
      candidates.map((candidate): WireReward => {
        const { reward, failure, judges } = candidate;
        const tokens = judges.reduce((most, part) => Math.max(most, part.tokens), 0);
        if (reward !== undefined) return { reward, failed: false, tokens, components: componentsOf(candidate, reward) };
        if (onFailure !== "error") return { reward: onFailure.reward, failed: true, tokens, components: {} };
        throw new GatewayError(failure!.reason, `item ${id}: ${failure!.message}`, { details: { itemId: id } });
      }),
    );
  };
}

/** What members added, in the panel's order, the same names for every candidate; what a constraint did to their sum is one of them. */
function componentsOf({ judges, constraints }: CandidateResult, reward: number): Record<string, number> {
  const components: Record<string, number> = {};
  let sum = 0;
  for (const { member, shadow, contribution = 0 } of judges) {
    if (shadow) continue;
    components[member] = contribution;
    sum += contribution;
  }
  if (constraints !== undefined) components.constraints = reward - sum;
  return components;
}

function factsOf({ panel }: WireSettings, service: RewardService, limits: RequestLimits): WireFacts {
  const { version } = service.version();
  const revision = service.panels().find(({ name }) => name === panel)?.revision ?? "";
  return { version, panel, revision, maxItems: limits.maxItems, maxCandidates: limits.maxCandidates };
}
