import type { Clock } from "../../domain/clock.ts";

/** Calls go; none go; one goes, and its end decides. */
export type CircuitState = "closed" | "open" | "halfOpen";

/** Leave to make one call. Whoever has it reports how the call ended, once. */
export interface Leave {
  succeeded(): void;
  failed(): void;
  /** The call ended in a way that says nothing about the server: its callers left. */
  withdrawn(): void;
}

/** Keeps calls away from a server that fails, and finds out when it has recovered. */
export interface Circuit {
  readonly state: CircuitState;
  /** Milliseconds until a call may go; 0 when one may go now. */
  readonly waitMs: number;
  /** Leave for one call, or undefined when none may go now. */
  enter(): Leave | undefined;
  /** Leave for a probe, due or not, or undefined while one is under way. */
  probe(): Leave | undefined;
  /** Opens it as failures would: the server is worse than those that answer alike. */
  eject(): void;
}

export interface CircuitOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1): spreads the time that a circuit stays open ±20 %. */
  readonly random: () => number;
  /** Hears each change of state. */
  readonly onChange?: (state: CircuitState) => void;
}

const CONSECUTIVE_FAILURES = 5;
const WINDOW_MS = 10_000;
const WINDOW_CALLS = 20;
const WINDOW_FAILURE_RATIO = 0.5;
const OPEN_MS = 5_000;
const OPEN_MS_AT_MOST = 60_000;

/** A circuit that was closed for so long has no past. */
const FORGIVEN_MS = 60_000;

/**
 * A circuit that opens on 5 failures in a row, or when at least half of at least 20 calls within 10 s failed, or when it is told to. It stays
 * open for 5 s, twice as long with each time that it opens again within a minute of use, 60 s at most; then one call probes the server.
 */
export function createCircuit({ clock, random, onChange }: CircuitOptions): Circuit {
  let ended: { readonly at: number; readonly failed: boolean }[] = [];
  let consecutive = 0;
  let openings = 0;
  let closedAt = Number.NEGATIVE_INFINITY;
  /** When the circuit may be probed; undefined while it is closed. */
  let probeAt: number | undefined;
  let probing = false;

  function open(): void {
    if (probeAt === undefined && clock.now() - closedAt >= FORGIVEN_MS) openings = 0;
    const ms = Math.min(OPEN_MS * 2 ** openings, OPEN_MS_AT_MOST);
    openings++;
    probeAt = clock.now() + ms * (0.8 + 0.4 * random());
    onChange?.("open");
  }

  function close(): void {
    probeAt = undefined;
    closedAt = clock.now();
    consecutive = 0;
    ended = [];
    onChange?.("closed");
  }

  function record(failed: boolean): void {
    const now = clock.now();
    ended = ended.filter(({ at }) => now - at < WINDOW_MS);
    ended.push({ at: now, failed });
    consecutive = failed ? consecutive + 1 : 0;
    const failures = ended.filter((call) => call.failed).length;
    const failing = ended.length >= WINDOW_CALLS && failures >= ended.length * WINDOW_FAILURE_RATIO;
    if (consecutive >= CONSECUTIVE_FAILURES || failing) open();
  }

  function leave(probe: boolean): Leave {
    return {
      succeeded() {
        if (probe) {
          probing = false;
          close();
        } else if (probeAt === undefined) record(false);
      },
      failed() {
        if (probe) {
          probing = false;
          open();
        } else if (probeAt === undefined) record(true);
      },
      withdrawn() {
        if (probe) probing = false;
      },
    };
  }

  function startProbe(): Leave | undefined {
    if (probing) return undefined;
    probing = true;
    onChange?.("halfOpen");
    return leave(true);
  }

  return {
    get state() {
      if (probeAt === undefined) return "closed";
      return probing || clock.now() >= probeAt ? "halfOpen" : "open";
    },
    get waitMs() {
      if (probeAt === undefined) return 0;
      const ms = Math.max(0, probeAt - clock.now());
      return probing ? Math.max(ms, 1) : ms;
    },
    enter() {
      if (probeAt === undefined) return leave(false);
      return clock.now() < probeAt ? undefined : startProbe();
    },
    probe: () => (probeAt === undefined ? leave(false) : startProbe()),
    eject() {
      if (probeAt === undefined) open();
    },
  };
}
