import type { Clock } from "../../src/domain/clock.ts";

/** A clock that moves only when told to, and runs what is due on the way. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
  /** Timers that wait. */
  readonly pending: number;
}

export function manualClock(start = 0): ManualClock {
  let now = start;
  let timers: { at: number; task: () => void }[] = [];
  return {
    now: () => now,
    after(delayMs, task) {
      const timer = { at: now + delayMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((other) => other !== due);
        now = due.at;
        due.task();
      }
      now = end;
    },
    get pending() {
      return timers.length;
    },
  };
}
