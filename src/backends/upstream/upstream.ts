import type { RunContext } from "../../domain/backend.ts";
import type { Clock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import { pause } from "../../domain/pause.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { UpstreamMetrics } from "../../telemetry/upstream-metrics.ts";
import { type Address, isReady, restMs } from "./address.ts";
import { makeAttempt } from "./attempt.ts";
import { hasFresh } from "./choose.ts";
import { createDoor, type Entered } from "./door.ts";
import { eitherSignal } from "./either-signal.ts";
import type { Ending, Reading } from "./ending.ts";
import { watchHealth } from "./health.ts";
import { createHedgePolicy, hedged } from "./hedge.ts";
import { createHttpTarget, type EventReader, type HttpTarget, type HttpTargetOptions } from "./http-target.ts";
import { createPool } from "./pool.ts";
import { createRateBudget, type RateLimits } from "./rate-budget.ts";
import { createHost, ForbiddenHost, type Host, hostOf, type Resolve } from "./resolve-host.ts";
import { createRetryPolicy } from "./retry.ts";
import type { Secret } from "./secret.ts";
import { addressProblem } from "./written-address.ts";

export interface UpstreamOptions<T> {
  /** Name of the backend, for messages and metrics. */
  readonly name: string;
  /** Base addresses of servers that answer alike, at least one. */
  readonly urls: readonly string[];
  /** Networks in which the servers have to be, as `address/bits`. Default any but this machine and those of clouds' metadata. */
  readonly networks?: readonly string[] | undefined;
  /** Asks for the addresses of a name. Default the system. */
  readonly resolve?: Resolve | undefined;
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
  /** Path, below the address, of a request that a healthy server answers; or several, of which the next is asked where the one before is not found. */
  readonly healthPath: string | readonly string[];
  readonly healthIntervalMs: number;
  /** Whether the body of a health check's answer is that of a server that can work. Default: any answer is. */
  readonly accepts?: ((body: string) => boolean) | undefined;
  readonly reading: Reading<T>;
  /**
   * Tries one server before its answers are used, when it comes, when it may have been replaced, and on a timer: each of several has to pass
   * for itself. It throws CONFIG_INVALID when the server is not what it has to be.
   */
  readonly prove?: ((server: Server<T>) => Promise<void>) | undefined;
  /** Time between proofs of a server that has passed one. Default 10 minutes. */
  readonly proofIntervalMs?: number | undefined;
  /**
   * Whether a call that takes long is made once more beside itself, and the first answer is taken: only where the same call has the same answer.
   * Default false.
   */
  readonly hedge?: boolean | undefined;
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

/** JSON text, or what writes it for the address that it goes to: releases behind several addresses may differ. */
export type Body = string | ((address: string) => string);

/** One server of an upstream, and no other. */
export interface Server<T> {
  /** Host and port. */
  readonly address: string;
  /** As {@link Upstream.post}, without regard to what the server has shown. */
  post(path: string, body: Body, context?: RunContext): Promise<T>;
}

/**
 * Servers that answer alike: the least loaded is asked, each is left alone while it fails or shows that it is not the right one, and calls
 * are repeated under a budget, elsewhere where there is another.
 */
export interface Upstream<T> {
  /** Host and port of each. */
  readonly addresses: readonly string[];
  /** Whether a call could be answered now: an address is healthy, has shown what it must, and its circuit lets a call through. */
  readonly ready: boolean;
  /** What was found wrong with a server, while it is. */
  readonly flaw: GatewayError | undefined;
  onReadiness(listener: (ready: boolean) => void): () => void;
  /**
   * Posts JSON and returns the answer.
   * @throws {GatewayError} BACKEND_UNAVAILABLE, BACKEND_REFUSED, JUDGE_OUTPUT_UNREADABLE, CALLER_GONE, or what the
   *   protocol reads in a refusal. No message holds anything of the server's answer.
   * @param tokens that the call may take at most, where they are counted
   */
  post(path: string, body: Body, context?: RunContext, tokens?: number): Promise<T>;
  /** The same, read in a way of its own. */
  postAs<R>(protocol: Protocol<R>, path: string, body: Body, context?: RunContext, tokens?: number): Promise<R>;
  /** An answer makes no sense for what was asked: every server is tried again before its next answer is used. */
  doubt(): void;
  close(timeoutMs?: number): Promise<void>;
}

/** How the answer to one call is read. */
export interface Protocol<R> {
  readonly reading: Reading<R>;
  /** Tokens that an answer says it took. */
  tokensOf(answer: R): number | undefined;
  /** Takes an answer that comes as events. Once it has begun, the call is not made again. Default: events are no answer. */
  readonly events?: EventReader | undefined;
}

const CLOSE_TIMEOUT_MS = 30_000;
const PROOF_INTERVAL_MS = 600_000;

/**
 * Opens an upstream and waits for the first health check of each address, and the first proof of those that answer; one that does not
 * answer is no error.
 *
 * @throws {GatewayError} CONFIG_INVALID when servers answer and none of them is what it has to be
 */
export async function openUpstream<T>(options: UpstreamOptions<T>): Promise<Upstream<T>> {
  const { name, clock, random, metrics, apiKey, prove, concurrency, urls } = options;
  const label = { backend: name };
  metrics?.declare(name);
  const retry = createRetryPolicy({ maxAttempts: options.maxAttempts, spare: urls.length > 1 ? concurrency : 0, random });
  const budget = options.rate && createRateBudget(name, options.rate, clock, (outcome) => metrics?.rateHeld.inc({ ...label, outcome }));
  metrics?.retryBudget.set(label, retry.budget);
  const hedge = options.hedge ? createHedgePolicy() : undefined;
  const door = createDoor({ name, clock, random, onLastResort: () => metrics?.lastResorts.inc(label) });
  const closing = new AbortController();
  const headers = (): Record<string, string> => (apiKey === undefined ? {} : { authorization: `Bearer ${apiKey.current}` });
  const pool = createPool({
    ...options,
    connect: (url) => (options.connect ?? createHttpTarget)({ ...options, url, host: hostAt(url, options), connections: concurrency + 1 }),
    prove:
      prove &&
      ((address) =>
        prove({ address: address.target.name, post: (path, body, context) => call({ path, body, context, only: address }, own) })),
    proofIntervalMs: options.proofIntervalMs ?? PROOF_INTERVAL_MS,
  });
  const health = watchHealth({ ...options, addresses: pool.addresses, headers, onChecked: pool.review });

  const own: Protocol<T> = { reading: options.reading, tokensOf: (answer) => options.rate?.tokensOf(answer) };

  async function call<R>(asked: Call, protocol: Protocol<R>): Promise<R> {
    const ending = eitherSignal(closing.signal, asked.context?.signal);
    return callUntil(ending.signal, asked, protocol).finally(ending.release);
  }

  async function callUntil<R>(
    signal: AbortSignal,
    { path, body, context, tokens = 0, only }: Call,
    { reading, tokensOf, events }: Protocol<R>,
  ): Promise<R> {
    const addresses = only === undefined ? pool.addresses : [only];
    const proving = only !== undefined;
    const tried = new Set<Address>();
    const remainingMs = () => context?.remainingMs() ?? Number.POSITIVE_INFINITY;
    let last: GatewayError | undefined;
    for (let attempts = 1; ; attempts++) {
      if (last === undefined) door.requireOpen(addresses, proving);
      const allowance = await budget?.take(tokens, context);
      const entered = await door.enter({ addresses, tried, proving, remainingMs, signal }).catch((error) => {
        allowance?.giveBack();
        throw last ?? error;
      });
      // Counted from here: what waited at the door for its server would otherwise go on top of a minute of others.
      allowance?.begin();
      tried.add(entered.address);
      /** One attempt, and what it means for its address. */
      const attempt = async ({ address, ...rest }: Entered, previousAttempts: number, givenUp?: AbortSignal): Promise<Ending<R>> => {
        const began = clock.now();
        const ending = await makeAttempt({ ...options, reading }, address, {
          path,
          body: typeof body === "string" ? body : body(address.target.name),
          previousAttempts,
          headers: headers(),
          remainingMs: remainingMs(),
          signal: givenUp === undefined ? context?.signal : AbortSignal.any([givenUp, ...(context === undefined ? [] : [context.signal])]),
          events,
        });
        pool.account({ address, ...rest }, ending);
        if (ending.blame === "failed" || ending.outcome === "throttled") retry.failed();
        if (ending.outcome === "ok" || givenUp?.aborted) hedge?.lasted(clock.now() - began);
        return ending;
      };
      /** An address that could answer at once, another than those that were asked where there is one. */
      const idle = () =>
        addresses.some(
          (one) => isReady(one) && one.proof.holds && restMs(one, clock.now()) === 0 && (addresses.length === 1 || !tried.has(one)),
        );
      const enterBeside = async () => {
        if (attempts >= options.maxAttempts || !idle() || !hedge!.take()) return undefined;
        const beside = await door.enter({ addresses, tried, proving, remainingMs, signal }).catch(() => undefined);
        if (beside !== undefined) tried.add(beside.address);
        return beside;
      };
      const ending =
        hedge === undefined || proving || events !== undefined
          ? await attempt(entered, attempts - 1)
          : await hedged({
              ...{ hedge, clock, signal },
              first: (givenUp) => attempt(entered, attempts - 1, givenUp),
              async second() {
                const beside = await enterBeside();
                return beside && ((givenUp) => attempt(beside, attempts++, givenUp));
              },
              onEnd: (won) => metrics?.hedges.inc({ ...label, outcome: won ? "won" : "lost" }),
            });
      if (ending.outcome === "ok") {
        retry.succeeded();
        allowance?.correct(tokensOf(ending.answer) ?? tokens);
        return ending.answer;
      }
      metrics?.retryBudget.set(label, retry.budget);
      last = ending.error;
      if (ending.outcome === "withdrawn" || closing.signal.aborted) throw last;
      if (events?.begun) throw last;
      const fresh = hasFresh({ addresses, tried, now: clock.now() });
      const safe = ending.again === "anywhere" || (ending.again === "elsewhere" && fresh);
      const delayMs = retry.delayMs({ attempt: attempts, safe, fresh, remainingMs: remainingMs() });
      if (delayMs === undefined) throw last;
      // The door waits out the time that the server asked for, or knows that its callers will not.
      const waitMs = delayMs - (ending.hintMs ?? 0);
      if (waitMs > 0) await pause(clock, waitMs, signal);
      if (signal.aborted) throw last;
      metrics?.retries.inc(label);
    }
  }

  async function close(timeoutMs = CLOSE_TIMEOUT_MS): Promise<void> {
    closing.abort();
    budget?.close();
    health.stop();
    await pool.close(timeoutMs);
  }

  await health.first;
  await Promise.allSettled(pool.addresses.filter(({ up, proof }) => up && !proof.holds).map(({ proof }) => proof.attempt()));
  const flawed = () => pool.addresses.find(({ proof }) => proof.flaw !== undefined)?.proof.flaw;
  if (flawed()?.reason === "CONFIG_INVALID" && !pool.addresses.some(({ proof }) => proof.stands)) {
    const flaw = flawed();
    await close(0);
    throw flaw;
  }
  return {
    addresses: pool.addresses.map(({ target }) => target.name),
    get ready() {
      return pool.ready;
    },
    get flaw() {
      return flawed();
    },
    onReadiness: (listener) => pool.onReadiness(listener),
    doubt() {
      for (const { proof } of pool.addresses) proof.doubt();
    },
    post: (path, body, context, tokens) => call({ path, body, context, tokens }, own),
    postAs: (protocol, path, body, context, tokens) => call({ path, body, context, tokens }, protocol),
    close,
  };
}

/** Where an address's host is. @throws {GatewayError} CONFIG_INVALID when no server may be asked there, or it is written in another way than plainly */
function hostAt(
  url: string,
  { name, networks, resolve, metrics, log }: Omit<UpstreamOptions<unknown>, "reading" | "prove" | "rate">,
): Host {
  const problem = addressProblem(url);
  if (problem !== undefined) throw new GatewayError("CONFIG_INVALID", `backend "${name}": ${problem}`);
  const { host } = new URL(url);
  let told = "";
  try {
    return createHost({
      host: hostOf(url),
      ...{ networks, resolve },
      onForbidden(ips) {
        metrics?.forbidden.inc({ backend: name, address: host });
        const next = ips.toSorted().join(", ");
        if (next !== told)
          log?.warn({ backend: name, address: host, ips }, "the name of an upstream server stands for an address where none is asked");
        told = next;
      },
    });
  } catch (thrown) {
    if (!(thrown instanceof ForbiddenHost)) throw thrown;
    throw new GatewayError("CONFIG_INVALID", `backend "${name}": ${thrown.message}`);
  }
}

/** One call, with every attempt. */
interface Call {
  readonly path: string;
  readonly body: Body;
  readonly context?: RunContext | undefined;
  /** Tokens that it may take at most. */
  readonly tokens?: number | undefined;
  /** The one address to ask, whatever it has shown. Default: any that has shown what it must. */
  readonly only?: Address;
}
