import type { Clock } from "../../domain/clock.ts";
import { pause } from "../../domain/pause.ts";
import type { Ending } from "./ending.ts";

/** Decides when a call that takes long is made once more beside itself. */
export interface HedgePolicy {
  /** A call begins. */
  began(): void;
  /** An attempt gave an answer, or was given up for one that was faster, after so many milliseconds. */
  lasted(ms: number): void;
  /** Milliseconds after which a call takes long; undefined while too little is known. */
  readonly delayMs: number | undefined;
  /** Takes leave for one call more. @returns false when there were too many */
  take(): boolean;
}

/** Durations that are remembered, and fewest that say something. */
const DURATIONS = { most: 200, fewest: 20 };
const QUANTILE = 0.95;
/** No call takes long that takes less, milliseconds. */
const LEAST_DELAY_MS = 10;
/** Calls more for each call, and most that calm times save up for worse ones. */
const EXTRA = { share: 0.05, most: 10 };

/**
 * A call takes long when it lasts longer than 95 % of the last 200 did, and no less than 10 ms. Never more than 5 % of all calls are made twice,
 * so that servers that are slow since they have too much to do do not get more.
 *
 * @see Dean and Barroso 2013, The Tail at Scale, CACM 56(2)
 */
export function createHedgePolicy(): HedgePolicy {
  const durations: number[] = [];
  let saved = 0;
  return {
    began() {
      saved = Math.min(EXTRA.most, saved + EXTRA.share);
    },
    lasted(ms) {
      durations.push(ms);
      if (durations.length > DURATIONS.most) durations.shift();
    },
    get delayMs() {
      if (durations.length < DURATIONS.fewest) return undefined;
      const sorted = durations.toSorted((a, b) => a - b);
      return Math.max(LEAST_DELAY_MS, sorted[Math.ceil(QUANTILE * sorted.length) - 1]!);
    },
    take() {
      // A sum of twentieths is a little less than the whole.
      if (saved < 1 - 1e-9) return false;
      saved--;
      return true;
    },
  };
}

/** An attempt that ends early when its signal aborts. */
type Attempt<T> = (givenUp: AbortSignal) => Promise<Ending<T>>;

export interface Hedged<T> {
  readonly hedge: HedgePolicy;
  readonly clock: Clock;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
  readonly first: Attempt<T>;
  /** Finds a place for the same call beside the first; undefined when there is none. */
  second(): Promise<Attempt<T> | undefined>;
  /** Hears of each second attempt whether its answer was taken. */
  onEnd(won: boolean): void;
}

/** Makes a call, and once more beside it when it takes long. The first answer is taken, and the other attempt given up. */
export async function hedged<T>({ hedge, clock, signal, first, second, onEnd }: Hedged<T>): Promise<Ending<T>> {
  hedge.began();
  const givenUp = [new AbortController(), new AbortController()] as const;
  const { delayMs } = hedge;
  const one = first(givenUp[0].signal);
  if (delayMs === undefined) return one;
  const over = new AbortController();
  const end = () => over.abort();
  void one.then(end, end);
  await pause(clock, delayMs, AbortSignal.any([over.signal, signal]));
  const beside = over.signal.aborted || signal.aborted ? undefined : await second();
  if (beside === undefined) return one;
  const other = beside(givenUp[1].signal);
  const [early, isOther] = await Promise.race([
    one.then((ending) => [ending, false] as const),
    other.then((ending) => [ending, true] as const),
  ]);
  if (early.outcome === "ok") {
    givenUp[isOther ? 0 : 1].abort();
    onEnd(isOther);
    return early;
  }
  const late = await (isOther ? one : other);
  onEnd(!isOther && late.outcome === "ok");
  return late.outcome === "ok" ? late : early;
}
