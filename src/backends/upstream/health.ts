import type { Clock } from "../../domain/clock.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { UpstreamMetrics } from "../../telemetry/upstream-metrics.ts";
import type { Address } from "./address.ts";
import type { HttpOutcome } from "./http-target.ts";
import type { Secret } from "./secret.ts";

export interface HealthOptions {
  readonly name: string;
  readonly addresses: readonly Address[];
  readonly healthPath: string | readonly string[];
  readonly healthIntervalMs: number;
  readonly apiKey?: Secret | undefined;
  readonly headers: () => Record<string, string>;
  /** Whether the answer to a check is that of a server that can work; one without such an answer is not up then. */
  readonly accepts?: ((body: string) => boolean) | undefined;
  /** Runs after each round of checks. */
  readonly onChecked: () => void;
  readonly clock: Clock;
  readonly metrics?: UpstreamMetrics | undefined;
  readonly log?: Logger | undefined;
}

/** Statuses below 500 that say that a server will do no work. */
const UNABLE: readonly number[] = [401, 403, 429];

function isUp(outcome: HttpOutcome, accepts: HealthOptions["accepts"]): boolean {
  if (outcome.kind !== "answered") return false;
  if (accepts !== undefined) return outcome.status >= 200 && outcome.status < 300 && accepts(outcome.body);
  return outcome.status < 500 && !UNABLE.includes(outcome.status);
}

function statusOf(outcome: HttpOutcome): number | undefined {
  return outcome.kind === "answered" ? outcome.status : undefined;
}

/** Longest time for one check, so that what is known of an address is never older than an interval and this. */
const CHECK_TIMEOUT_MS = 3_000;

/**
 * Asks every address, again and again, whether it can work, and reads a key that may have been replaced. An address is up when
 * it answers and neither fails (5xx, 429) nor refuses the key; one without the path that is asked for is up too, and one that leaves a check
 * without an answer stays up while it answers calls.
 *
 * @returns when the first round is over, and what ends the watch
 */
export function watchHealth(options: HealthOptions): { readonly first: Promise<void>; stop(): void } {
  const { name, addresses, clock, metrics, log } = options;
  const stopping = new AbortController();
  let cancelTimer = () => {};

  async function askHealth({ target }: Address): Promise<HttpOutcome> {
    const [path, ...older] = [options.healthPath].flat();
    const ask = (asked: string) =>
      target.send({ method: "GET", path: asked, headers: options.headers(), timeoutMs: CHECK_TIMEOUT_MS, signal: stopping.signal });
    let outcome = await ask(path!);
    while (statusOf(outcome) === 404 && older.length > 0) outcome = await ask(older.shift()!);
    return outcome;
  }

  async function check(address: Address): Promise<void> {
    const sentAt = clock.now();
    const outcome = await askHealth(address);
    if (outcome.kind === "withdrawn") return;
    // One that works through a queue may leave a check waiting behind the calls that it answers.
    if (outcome.kind === "late" && address.up && address.answeredAt >= sentAt) return;
    const status = statusOf(outcome);
    const up = isUp(outcome, options.accepts);
    if (up !== address.up)
      log?.[up ? "info" : "warn"]({ backend: name, address: address.target.name, status, up }, "health of an upstream server");
    address.up = up;
    address.strange = !up && options.accepts !== undefined && status !== undefined && status >= 200 && status < 300;
    if (up) address.proof.isThere();
    else address.proof.isAway();
    metrics?.up.set({ backend: name, address: address.target.name }, up ? 1 : 0);
  }

  async function round(): Promise<void> {
    if ((await options.apiKey?.refresh()) === false)
      log?.warn({ backend: name }, "the file of the API key cannot be read; the last key stays in use");
    await Promise.all(addresses.map(check));
    if (stopping.signal.aborted) return;
    options.onChecked();
    cancelTimer = clock.after(options.healthIntervalMs, () => void round());
  }

  return {
    first: round(),
    stop() {
      stopping.abort();
      cancelTimer();
    },
  };
}
