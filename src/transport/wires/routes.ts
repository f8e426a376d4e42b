import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import { DEFAULT_OPTIONS } from "../../domain/score.ts";
import type { RewardService } from "../../domain/service.ts";
import { readWholeBody } from "../http/body.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Route } from "../http/route.ts";
import { parseStrictJson } from "../http/strict-json.ts";
import { checkScoreRequest } from "../request-rules.ts";
import { WIRE_KINDS, type WireName, type WireSettings } from "./index.ts";
import type { WireReward } from "./wire.ts";

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
    return kind.routes(settings.path).map(
      ({ path, method, answer }): Route => ({
        verb: "post",
        path,
        method,
        mediaTypes: ["application/json"],
        async handle(exchange, request) {
          const bytes = await readWholeBody(request, { maxBytes: limits.maxHttpBodyBytes, timeoutMs: bodyMs });
          exchange.record.bytes = bytes.length;
          const json = parseStrictJson(bytes, limits.maxJsonDepth);
          exchange.answer(await answer(json, (items) => scoreItems(items, settings, service, limits, exchange)));
        },
      }),
    );
  });
}

async function scoreItems(
  items: readonly Item[],
  { panel, onFailure }: WireSettings,
  service: RewardService,
  limits: RequestLimits,
  exchange: Exchange,
): Promise<WireReward[][]> {
  const deadlineMs = exchange.allowedMs();
  const options = { ...DEFAULT_OPTIONS, detail: "judges" as const, ...(deadlineMs !== undefined && { deadlineMs }) };
  const request = { panel, items, options };
  exchange.record.items = items.length;
  checkScoreRequest(request, limits, "unary");
  const { results } = await service.score(request, exchange.context);
  return results.map(({ id, candidates }) =>
    candidates.map(({ reward, failure, judges }): WireReward => {
      const tokens = judges.reduce((most, part) => Math.max(most, part.tokens), 0);
      if (reward !== undefined) return { reward, failed: false, tokens };
      if (onFailure !== "error") return { reward: onFailure.reward, failed: true, tokens };
      throw new GatewayError(failure!.reason, `item ${id}: ${failure!.message}`, { details: { itemId: id } });
    }),
  );
}
