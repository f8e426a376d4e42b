import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import helmet from "helmet";
import { systemClock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { RunStatistics } from "../../domain/run.ts";
import type { RewardService } from "../../domain/service.ts";
import type { StateService } from "../../domain/state.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { authorityOf } from "../authority.ts";
import { boundConnections, type ConnectionBounds, UNBOUNDED } from "../connections.ts";
import type { OverloadHttpStatus } from "../error-mapping.ts";
import { STREAM_IDLE_MS } from "../idle-limit.ts";
import { openInferenceRoutes } from "../open-inference/http.ts";
import type { OpenInference } from "../open-inference/model.ts";
import { checkScoreRequest } from "../request-rules.ts";
import { createRunningCalls, delay, type RunningServer } from "../running-calls.ts";
import { chatRoutes, type RelayedChats } from "../wires/chat.ts";
import { type WireRoutesOptions, wireRoutes } from "../wires/routes.ts";
import { acceptWaiting } from "./accept-waiting.ts";
import { readWholeBody } from "./body.ts";
import { docsRoutes } from "./docs.ts";
import { type ExchangeOptions, openExchange } from "./exchange.ts";
import { scoreRequestFromJson } from "./from-json.ts";
import { openApiDocument } from "./openapi.ts";
import type { Request, Route } from "./route.ts";
import { createRouter, type Found } from "./router.ts";
import { runRoutes } from "./run-routes.ts";
import { scoreStream } from "./score-stream.ts";
import { stateRoutes } from "./state-routes.ts";
import { parseStrictJson } from "./strict-json.ts";
import { scoreResponseToJson } from "./to-json.ts";

export interface HttpServerOptions {
  readonly service: RewardService;
  readonly states: StateService;
  readonly runs: RunStatistics;
  readonly limits: RequestLimits;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Status of QUEUE_FULL. Default 503. */
  readonly overloadHttpStatus?: OverloadHttpStatus;
  /** Trainers' and engines' own wires to serve, by name. Default none. */
  readonly wires?: WireRoutesOptions["wires"];
  /** Time for all tries of a call over a wire whose client makes none of its own, milliseconds. Default 100 s. */
  readonly requestMs?: number;
  /** The panel that is served as a model of the Open Inference Protocol. Default none. */
  readonly openInference?: OpenInference | undefined;
  /** The chat server that clients reach through the gateway. Default none. */
  readonly chats?: RelayedChats | undefined;
  /** Connections at once. Default as many as come. */
  readonly bounds?: ConnectionBounds | undefined;
  readonly timeouts?: Partial<HttpTimeouts>;
}

/** How long a peer may take, milliseconds. */
export interface HttpTimeouts {
  /** For the headers of a request. */
  readonly headersMs: number;
  /** For the body of a unary request; of a stream, `idleMs` bounds the time between lines. */
  readonly bodyMs: number;
  /** For the next request on a connection. */
  readonly keepAliveMs: number;
  /** For taking a piece of an answer. */
  readonly stallMs: number;
  /** For the next line of a stream of which nothing is under way. */
  readonly idleMs: number;
}

const TIMEOUTS: HttpTimeouts = { headersMs: 10_000, bodyMs: 60_000, keepAliveMs: 65_000, stallMs: 30_000, idleMs: STREAM_IDLE_MS };
const MAX_HEADER_BYTES = 16_384;
/** After this long without a byte the system asks whether a peer is still there, milliseconds. */
const PEER_CHECK_MS = 30_000;
/** Interval at which a draining server closes connections that have become idle, milliseconds. */
const IDLE_SWEEP_MS = 50;

/** A listener of HTTP that is running. */
export interface HttpServer extends RunningServer {
  /** Resolves in a drain, once the connections that clients had opened before it are accepted. */
  readonly accepted: Promise<void>;
}

/**
 * Serves the JSON API with its document and its pages over HTTP/1.1.
 * @throws {GatewayError} CONFIG_INVALID when the address cannot be bound, or two routes have one path
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { metrics, log, host } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const draining = new AbortController();
  // Every stream listens to the one signal.
  setMaxListeners(0, draining.signal);
  const running = createRunningCalls();
  const exchange: ExchangeOptions = {
    telemetry: { metrics, log, running },
    overloadHttpStatus: options.overloadHttpStatus ?? 503,
    draining: draining.signal,
    stallMs: timeouts.stallMs,
  };
  const listener = createListener(routesOf(options, timeouts, draining.signal), exchange);
  const server = createServer(
    {
      headersTimeout: timeouts.headersMs,
      // Streams are one long request; bodies of other requests have their own bound.
      requestTimeout: 0,
      keepAliveTimeout: timeouts.keepAliveMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: Math.min(timeouts.headersMs, 5_000),
      // A stream may be silent for long, so only the system can tell that its peer is gone.
      keepAlive: true,
      keepAliveInitialDelay: PEER_CHECK_MS,
    },
    listener,
  );
  boundConnections(server, { bounds: options.bounds ?? UNBOUNDED, transport: "http", metrics, log, clock: systemClock });
  await listen(server, host, options.port);

  let drained: Promise<void> | undefined;
  let haveAccepted = () => {};
  const accepted = new Promise<void>((resolve) => {
    haveAccepted = resolve;
  });
  const drain = () => {
    drained ??= (async () => {
      draining.abort();
      await acceptWaiting(server);
      haveAccepted();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
      await closed;
      clearInterval(sweep);
    })();
    return drained;
  };
  return {
    host,
    port: (server.address() as AddressInfo).port,
    drain,
    accepted,
    async close(timeoutMs = 0) {
      await Promise.race([drain(), delay(timeoutMs)]);
      server.closeAllConnections();
      await drained;
    },
  };
}

function routesOf(
  { service, states, runs, limits, overloadHttpStatus, wires = {}, requestMs = 100_000, openInference, chats }: HttpServerOptions,
  timeouts: HttpTimeouts,
  draining: AbortSignal,
): Route[] {
  const openApi = openApiDocument(service.version().version, overloadHttpStatus);
  return [
    {
      verb: "post",
      path: "/v1/score",
      method: "Score",
      mediaTypes: ["application/json"],
      async handle(exchange, request) {
        const allowedMs = exchange.allowedMs();
        const arrivedAt = performance.now();
        const bytes = await readWholeBody(request, { maxBytes: limits.maxHttpBodyBytes, timeoutMs: timeouts.bodyMs });
        exchange.record.bytes = bytes.length;
        const json = parseStrictJson(bytes, limits);
        const leftMs = allowedMs === undefined ? undefined : Math.round(allowedMs - (performance.now() - arrivedAt));
        const scoreRequest = scoreRequestFromJson(json, leftMs);
        exchange.record.items = scoreRequest.items.length;
        checkScoreRequest(scoreRequest, limits, "unary");
        exchange.answer(scoreResponseToJson(await service.score(scoreRequest, exchange.context)));
      },
    },
    {
      verb: "post",
      path: "/v1/score:stream",
      method: "ScoreStream",
      mediaTypes: ["application/x-ndjson", "application/ndjson", "application/jsonl"],
      handle: (exchange, request, response) =>
        scoreStream(request, response, exchange, { service, limits, draining, idleMs: timeouts.idleMs }),
    },
    { verb: "get", path: "/v1/judges", method: "ListJudges", handle: (exchange) => exchange.answer({ judges: service.judges() }) },
    { verb: "get", path: "/v1/panels", method: "ListPanels", handle: (exchange) => exchange.answer({ panels: service.panels() }) },
    { verb: "get", path: "/v1/version", method: "GetVersion", handle: (exchange) => exchange.answer(service.version()) },
    ...stateRoutes({ states, limits, bodyMs: timeouts.bodyMs }),
    ...runRoutes(runs),
    ...wireRoutes({ service, limits, bodyMs: timeouts.bodyMs, requestMs, wires }),
    ...(chats === undefined ? [] : chatRoutes({ ...chats, limits, bodyMs: timeouts.bodyMs })),
    ...(openInference === undefined
      ? []
      : openInferenceRoutes({
          model: openInference.model,
          version: service.version().version,
          limits,
          bodyMs: timeouts.bodyMs,
          scorerOf: (exchange) => (items) => {
            exchange.record.items = items.length;
            return openInference.score(items, exchange.context, exchange.allowedMs());
          },
        })),
    { verb: "get", path: "/openapi.json", method: "OpenApi", handle: (exchange) => exchange.answer(openApi) },
    ...docsRoutes(),
  ];
}

function createListener(table: readonly Route[], options: ExchangeOptions): RequestListener {
  const find = createRouter(table);
  const security = securityHeaders();
  for (const { method } of table) options.telemetry.metrics.declareMethod("http", method);
  return (request, response) => {
    response.setHeaders(security);
    let found: Found | undefined;
    try {
      found = find(request.url!);
    } catch (error) {
      return openExchange(request, response, "Unknown", options).fail(GatewayError.from(error));
    }
    if (found === undefined) {
      const error = new GatewayError(
        "ROUTE_NOT_FOUND",
        "no such route; /docs lists those of the API, and a wire has its own where the configuration enables it",
      );
      return openExchange(request, response, "Unknown", options).fail(error);
    }
    const { path, routes, params } = found;
    // The answer to HEAD is that to GET, of which Node sends the headers alone.
    const verb = request.method === "HEAD" ? "get" : request.method!.toLowerCase();
    const route = routes.find((each) => each.verb === verb);
    if (route !== undefined) return void run(route, Object.assign(request as Request, { params }), response, options);
    const allowed = routes.map((each) => each.verb.toUpperCase());
    response.setHeader("Allow", allowed.join(", "));
    const error = new GatewayError("METHOD_NOT_ALLOWED", `${path} takes ${allowed.join(" and ")} only`);
    openExchange(request, response, routes[0]!.method, options).fail(error);
  };
}

/** What helmet would set on every answer. It looks at no request, so it is asked once. */
function securityHeaders(): Map<string, string> {
  const headers = new Map<string, string>();
  const set = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'self'"], imgSrc: ["'self'", "data:"], frameAncestors: ["'none'"] },
    },
    // The listener speaks cleartext; whatever terminates TLS in front of it sets this.
    strictTransportSecurity: false,
  });
  const answer = { setHeader: (name: string, value: string) => headers.set(name, value), removeHeader: () => {} };
  set({} as IncomingMessage, answer as unknown as ServerResponse, () => {});
  return headers;
}

async function run(route: Route, request: Request, response: ServerResponse, options: ExchangeOptions): Promise<void> {
  const exchange = openExchange(request, response, route.method, options);
  try {
    if (route.mediaTypes !== undefined) checkMediaType(request.headers["content-type"], route.mediaTypes);
    await route.handle(exchange, request, response);
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    exchange.fail(error, route.errorBody?.(error));
  }
}

function checkMediaType(header: string | undefined, accepted: readonly string[]): void {
  const [type = "", ...parameters] = (header ?? "").toLowerCase().split(";");
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith("charset="));
  const utf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (accepted.includes(type.trim()) && utf8) return;
  throw new GatewayError("MEDIA_TYPE_UNSUPPORTED", `the body must be sent as Content-Type: ${accepted[0]}, in UTF-8`);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const message = `HTTP cannot listen on ${authorityOf(host, port)}: ${error.message}; choose another port`;
      reject(new GatewayError("CONFIG_INVALID", message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
