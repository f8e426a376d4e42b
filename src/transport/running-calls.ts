/** Counts the calls of one listener, so that a drain knows when the last one has its answer. */
export interface RunningCalls {
  readonly count: number;
  /** One more call; the returned function ends it and does nothing when called again. */
  enter(): () => void;
  /** Resolves when no call is running; at once when none is. */
  idle(): Promise<void>;
}

/** A counter that starts at no call. */
export function createRunningCalls(): RunningCalls {
  let count = 0;
  let waiters: (() => void)[] = [];
  return {
    get count() {
      return count;
    },
    enter() {
      count++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        count--;
        if (count > 0) return;
        for (const resolve of waiters) resolve();
        waiters = [];
      };
    },
    idle: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  };
}

/** A listener that is running. */
export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Stops accepting calls; resolves when every running call has its answer. Idempotent. */
  drain(): Promise<void>;
  /** Drains for at most `timeoutMs`, then cuts what is left. Idempotent. */
  close(timeoutMs?: number): Promise<void>;
}

/** Resolves after `ms`; does not keep the process alive. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
