import type { RunContext } from "../../domain/backend.ts";
import type { Clock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import { CIRCUIT_VALUES, type UpstreamMetrics } from "../../telemetry/upstream-metrics.ts";
import type { Address } from "./address.ts";
import { type CircuitState, createCircuit, type Leave } from "./circuit.ts";
import { type Ending, type Reading, readEnding } from "./ending.ts";
import { watchHealth } from "./health.ts";
import { createHttpTarget, type HttpTarget, type HttpTargetOptions } from "./http-target.ts";
import { createRateBudget, type RateLimits } from "./rate-budget.ts";
import { createRetryPolicy } from "./retry.ts";
import type { Secret } from "./secret.ts";

export interface UpstreamOptions<T> {
  /** Name of the backend, for messages and metrics. */
  readonly name: string;
  /** Base addresses of servers that answer alike, at least one. */
  readonly urls: readonly string[];
  /** Sent as a bearer token. */
  readonly apiKey?: Secret | undefined;
  /** Most calls under way at once. */
  readonly concurrency: number;
  readonly connectTimeoutMs: number;
  /** Longest time for one attempt. */
  readonly responseTimeoutMs: number;
  readonly maxResponseBytes: number;
  /** Attempts of one call, the first included. */
  readonly maxAttempts: number;
  /** Path, below the address, of a request that a healthy server answers. */
  readonly healthPath: string;
  readonly healthIntervalMs: number;
  /** Whether the body of a health check's answer is that of a server that can work. Default: any answer is. */
  readonly accepts?: ((body: string) => boolean) | undefined;
  readonly reading: Reading<T>;
  /** What the servers allow together, and the tokens that an answer says it took. */
  readonly rate?: (RateLimits & { tokensOf(answer: T): number | undefined }) | undefined;
  /** How a server is reached. Default HTTP. */
  readonly connect?: (options: HttpTargetOptions) => HttpTarget;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics?: UpstreamMetrics | undefined;
  readonly log?: Logger | undefined;
}

/** Servers that answer alike: bounded, retried under a budget, left alone while they fail. */
export interface Upstream<T> {
  /** Host and port of each. */
  readonly addresses: readonly string[];
  /** Whether a call could be answered now: an address is healthy and its circuit lets a call through. */
  readonly ready: boolean;
  onReadiness(listener: (ready: boolean) => void): () => void;
  /**
   * Posts JSON and returns the answer.
   * @throws {GatewayError} BACKEND_UNAVAILABLE, BACKEND_REFUSED, JUDGE_OUTPUT_UNREADABLE, CALLER_GONE, or what the
   *   protocol reads in a refusal. No message holds anything of the server's answer.
   * @param tokens that the call may take at most, where they are counted
   */
  post(path: string, body: string, context?: RunContext, tokens?: number): Promise<T>;
  close(timeoutMs?: number): Promise<void>;
}

/** Share of the remaining time, and most milliseconds, that are kept back from the server so that its answer can be used. */
const MARGIN = { share: 0.05, ms: 20 };
const CLOSE_TIMEOUT_MS = 30_000;

/** Opens an upstream and waits for the first health check of each address; one that does not answer is no error. */
export async function openUpstream<T>(options: UpstreamOptions<T>): Promise<Upstream<T>> {
  const { name, clock, random, metrics, log, apiKey } = options;
  const label = { backend: name };
  const retry = createRetryPolicy(options.maxAttempts, random);
  const budget = options.rate && createRateBudget(name, options.rate, clock, (outcome) => metrics?.rateHeld.inc({ ...label, outcome }));
  const listeners = new Set<(ready: boolean) => void>();
  const addresses = options.urls.map((url): Address => {
    const target = (options.connect ?? createHttpTarget)({ ...options, url, connections: options.concurrency + 1 });
    const onChange = (state: CircuitState) => {
      metrics?.circuit.set({ ...label, address: target.name }, CIRCUIT_VALUES[state]);
      log?.[state === "open" ? "warn" : "info"]({ ...label, address: target.name, state }, "circuit of an upstream server");
      review();
    };
    return { target, circuit: createCircuit({ clock, random, onChange }), load: 0, up: false };
  });
  metrics?.declare(
    name,
    addresses.map(({ target }) => target.name),
  );
  const closing = new AbortController();
  let shown = false;

  /** Tells listeners when readiness has changed. */
  function review(): void {
    const ready = isReady();
    if (ready === shown) return;
    shown = ready;
    for (const listener of listeners) listener(ready);
  }

  function isReady(): boolean {
    return addresses.some(({ up, circuit }) => up && circuit.waitMs === 0);
  }

  const headers = (): Record<string, string> => (apiKey === undefined ? {} : { authorization: `Bearer ${apiKey.current}` });
  const health = watchHealth({ ...options, addresses, headers, onChecked: review });

  /** The least loaded address whose circuit lets a call through: healthy ones first, and one not tried before if there is one. */
  function choose(tried: ReadonlySet<Address>): { readonly address: Address; readonly leave: Leave } | undefined {
    const rank = (address: Address) => (tried.has(address) ? 2 : 0) + (address.up ? 0 : 1);
    for (const address of addresses.toSorted((a, b) => rank(a) - rank(b) || a.load - b.load)) {
      const leave = address.circuit.enter();
      if (leave !== undefined) return { address, leave };
    }
    return undefined;
  }

  /** Makes one attempt at one address, and tells its circuit and the metrics how it ended. */
  async function attempt(
    { address, leave }: NonNullable<ReturnType<typeof choose>>,
    path: string,
    body: string,
    context?: RunContext,
  ): Promise<Ending<T>> {
    const { target } = address;
    const running = metrics?.running.labels({ ...label, address: target.name });
    const remainingMs = context?.remainingMs() ?? Number.POSITIVE_INFINITY;
    const allowance = Math.floor(remainingMs - Math.min(MARGIN.ms, remainingMs * MARGIN.share));
    const start = clock.now();
    address.load++;
    running?.inc();
    const outcome = await target.send({
      method: "POST",
      path,
      headers: {
        "content-type": "application/json",
        ...headers(),
        ...(Number.isFinite(allowance) && { "x-request-timeout-ms": String(allowance) }),
      },
      body,
      // The callers' deadline ends the call through the signal, which does not blame the server.
      timeoutMs: options.responseTimeoutMs,
      signal: context?.signal,
    });
    address.load--;
    running?.dec();
    const ending = readEnding(name, outcome, options.reading);
    metrics?.calls.inc({ ...label, outcome: ending.outcome });
    metrics?.duration.observe(label, (clock.now() - start) / 1000);
    leave[ending.blame]();
    review();
    return ending;
  }

  async function post(path: string, body: string, context?: RunContext, tokens = 0): Promise<T> {
    const tried = new Set<Address>();
    let last: GatewayError | undefined;
    for (let attempts = 1; ; attempts++) {
      const settle = await budget?.take(tokens, context);
      const chosen = choose(tried);
      if (chosen === undefined) throw last ?? refusal();
      tried.add(chosen.address);
      const ending = await attempt(chosen, path, body, context);
      if (ending.outcome === "ok") {
        retry.succeeded();
        settle?.(options.rate?.tokensOf(ending.answer) ?? tokens);
        return ending.answer;
      }
      last = ending.error;
      if (ending.outcome === "withdrawn" || closing.signal.aborted) throw last;
      const remainingMs = context?.remainingMs() ?? Number.POSITIVE_INFINITY;
      const delayMs = retry.delayMs({ attempt: attempts, safe: ending.safe, hintMs: ending.hintMs, remainingMs });
      if (delayMs === undefined) throw last;
      await pause(clock, delayMs, context === undefined ? closing.signal : AbortSignal.any([context.signal, closing.signal]));
      if (context?.signal.aborted || closing.signal.aborted) throw last;
      metrics?.retries.inc(label);
    }
  }

  function refusal(): GatewayError {
    const retryAfterMs = Math.ceil(Math.max(100, Math.min(...addresses.map(({ circuit }) => circuit.waitMs))));
    const message = `backend "${name}" has failed repeatedly and is left alone for a while; look at its server, or try again later`;
    return new GatewayError("BACKEND_UNAVAILABLE", message, { details: { retryAfterMs } });
  }

  await health.first;
  return {
    addresses: addresses.map(({ target }) => target.name),
    get ready() {
      return isReady();
    },
    onReadiness(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    post,
    async close(timeoutMs = CLOSE_TIMEOUT_MS) {
      closing.abort();
      budget?.close();
      health.stop();
      await Promise.all(addresses.map(({ target }) => target.close(timeoutMs)));
    },
  };
}

/** Waits, or less when the signal aborts. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
