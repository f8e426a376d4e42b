import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { CallContext, RewardService } from "../../domain/service.ts";
import { readWholeBody } from "../http/body.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Route } from "../http/route.ts";
import { parseStrictJson } from "../http/strict-json.ts";
import { MAX_DEADLINE_MS } from "../request-options.ts";
import { WIRE_KINDS, type WireName, type WireSettings } from "./index.ts";
import { allRewarded, createScorer, factsOf, type Scorer, standIn } from "./scorer.ts";
import { withTries } from "./tries.ts";
import type { OnFailure, WireCaller, WireReward } from "./wire.ts";

/** What the routes of wires depend on. */
export interface WireRoutesOptions {
  readonly service: RewardService;
  readonly limits: RequestLimits;
  /** Time for a body, milliseconds. */
  readonly bodyMs: number;
  /** Time for all tries of a call, milliseconds; a caller may allow less. */
  readonly requestMs: number;
  /** Wires that are served, by name. */
  readonly wires: Readonly<Partial<Record<WireName, WireSettings | undefined>>>;
}

/**
 * The routes of the wires that the configuration enables. Thin: each body becomes items of one panel, and rewards become the body that
 * its client reads. No number stands in for a failure unless the operator stated it: a call with a candidate that has no reward fails
 * as a whole, with 503 where sending it again may help, so that the client's own loop does.
 */
export function wireRoutes({ service, limits, bodyMs, requestMs, wires }: WireRoutesOptions): Route[] {
  return WIRE_KINDS.flatMap((kind) => {
    const settings = wires[kind.wire];
    if (settings === undefined) return [];
    const scorers: Scorers = {
      score: createScorer(settings, service, limits),
      patient: patientScorer(createScorer({ ...settings, onFailure: "error" }, service, limits), settings.onFailure),
    };
    return kind.routes(settings.path, factsOf(settings.panel, service, limits)).map(
      ({ verb = "post", path, method, headers = {}, answer }): Route => ({
        verb,
        path,
        method,
        ...(verb === "post" && { mediaTypes: ["application/json"] }),
        ...(kind.errorBody !== undefined && { errorBody: kind.errorBody }),
        async handle(exchange, request, response) {
          const bytes = await readWholeBody(request, { maxBytes: limits.maxHttpBodyBytes, timeoutMs: bodyMs });
          exchange.record.bytes = bytes.length;
          // Some clients send a body with GET.
          const json = verb === "get" && bytes.length === 0 ? undefined : parseStrictJson(bytes, limits);
          const body = await answer(json, callerOf(exchange, scorers, requestMs));
          for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
          exchange.answer(body);
        },
      }),
    );
  });
}

interface Scorers {
  readonly score: Scorer;
  /** Tries again for at most `timeoutMs` while a failure is one that may pass. */
  readonly patient: (items: readonly Item[], context: CallContext, timeoutMs: number) => Promise<WireReward[][]>;
}

function callerOf(exchange: Exchange, { score, patient }: Scorers, requestMs: number): WireCaller {
  return {
    async score(items) {
      exchange.record.items = items.length;
      return allRewarded(await score(items, exchange.context, exchange.allowedMs()));
    },
    async scorePatiently(items) {
      exchange.record.items = items.length;
      return patient(items, exchange.context, Math.min(exchange.allowedMs() ?? requestMs, requestMs));
    },
    async scoreApart(items, timeoutMs) {
      exchange.record.items = items.length;
      return patient(items, { ...exchange.context, signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))) }, timeoutMs);
    },
  };
}

/** A number that stands for a failure does so when the tries are over: while one of several failures may pass, it is waited for. */
function patientScorer(score: Scorer, onFailure: OnFailure): Scorers["patient"] {
  return async (items, context, timeoutMs) => {
    let last: Awaited<ReturnType<Scorer>> | undefined;
    const attempt = async (leftMs: number) => {
      last = await score(items, context, deadlineOf(leftMs));
      const failures = last.flat().filter((each) => each instanceof GatewayError);
      const decisive = failures.find(({ retryable }) => retryable === (onFailure !== "error"));
      if (decisive !== undefined) throw decisive;
      return allRewarded(last);
    };
    return withTries(attempt, timeoutMs, context.signal).catch((thrown) => {
      if (last === undefined || onFailure === "error") throw thrown;
      return standIn(last, onFailure);
    });
  };
}

/** Time that is left as a deadline: a whole number that a timer can wait. */
function deadlineOf(leftMs: number): number {
  return Math.min(MAX_DEADLINE_MS, Math.max(1, Math.floor(leftMs)));
}
