/** Measures how fast a backend works, from completions while it has work. */
export interface RateMeter {
  /** Work began after a pause, at clock time `now` milliseconds. */
  busy(now: number): void;
  /** `amount` of work was completed at clock time `now` milliseconds. */
  completed(amount: number, now: number): void;
  /** Work per millisecond, or 0 before enough was seen. */
  perMs(): number;
}

/** Busy time over which a measurement loses about two thirds of its weight, milliseconds. */
const MEMORY_MS = 10_000;
/** Busy time below which the rate is not yet believed, milliseconds. */
const MIN_EVIDENCE_MS = 100;
/** Completions below which it is not: one batch that met a cold start says nothing of the next, and requests would be refused for it. */
const MIN_COMPLETIONS = 8;

/** Ratio of two exponentially fading sums, work done and busy time, so that idle time does not look like slowness. */
export function createRateMeter(): RateMeter {
  let last = 0;
  let work = 0;
  let time = 0;
  let completions = 0;
  return {
    busy: (now) => {
      last = now;
    },
    completed: (amount, now) => {
      const elapsed = now - last;
      const keep = Math.exp(-elapsed / MEMORY_MS);
      work = work * keep + amount;
      time = time * keep + elapsed;
      last = now;
      completions++;
    },
    perMs: () => (time < MIN_EVIDENCE_MS || completions < MIN_COMPLETIONS ? 0 : work / time),
  };
}
