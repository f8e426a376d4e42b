import { setMaxListeners } from "node:events";
import type { Clock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";
import type { ProbeSuite } from "../domain/probe.ts";
import type { Observation, ScoreObserver } from "../domain/run.ts";
import { DEFAULT_OPTIONS, type ScoreOptions } from "../domain/score.ts";
import type { RewardService } from "../domain/service.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { probesAccepted } from "./alarms/probe-accepted.ts";
import type { AlarmLimits } from "./alarms/reading.ts";
import { ProbeBoard } from "./probe-board.ts";

export interface ProberOptions {
  readonly suites: readonly ProbeSuite[];
  readonly limits: AlarmLimits;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Scores probes at their times. */
export interface Prober {
  readonly board: ProbeBoard;
  /** Hears of what the probes score; of nothing else may it hear. */
  readonly observer: ScoreObserver;
  /** Starts with a round of every suite. @param score an engine whose observer is the one above, and that counts nothing */
  start(score: RewardService["score"]): void;
  /** Ends the round that runs, and starts no more. */
  stop(): Promise<void>;
}

/** A probe waits behind everybody, and is asked anew each time, since an answer out of the cache says nothing of a judge. */
const OPTIONS: ScoreOptions = { ...DEFAULT_OPTIONS, detail: "reward", cache: "bypass", priority: "sheddable" };

/** Scores the probes of each suite one at a time, again and again, and tells of those that a judge or a panel accepts. */
export function createProber({ suites, limits, clock, metrics, log }: ProberOptions): Prober {
  const board = new ProbeBoard(suites);
  const heard = new Map<string, Observation>();
  const stopping = new AbortController();
  // Every suite listens to the one signal.
  setMaxListeners(0, stopping.signal);
  const accepted = new Map<string, readonly string[]>();
  const loops: Promise<void>[] = [];

  for (const { panel } of suites) {
    metrics.panelProbeAccepts.inc({ panel }, 0);
    for (const outcome of ["scored", "failed"]) metrics.probes.inc({ panel, outcome }, 0);
  }

  /** One suite once through. @returns the last observation, which says what the panel's members are */
  async function round({ panel, probes }: ProbeSuite, score: RewardService["score"]): Promise<Observation | undefined> {
    let last: Observation | undefined;
    for (const [index, { item }] of probes.entries()) {
      if (stopping.signal.aborted) return undefined;
      const requestId = `probe ${panel} ${item.id}`;
      try {
        await score({ panel, items: [item], options: OPTIONS }, { requestId, transport: "cli", signal: stopping.signal });
      } catch (error) {
        // The judges' own metrics say why; a probe is asked again in the next round.
        log.debug({ panel, probe: item.id, reason: GatewayError.from(error).reason }, "a probe could not be scored");
      }
      const observation = heard.get(requestId);
      heard.delete(requestId);
      metrics.probes.inc({ panel, outcome: observation !== undefined && isJudged(observation) ? "scored" : "failed" });
      if (observation === undefined) continue;
      board.take(index, observation);
      last = observation;
    }
    return last;
  }

  function tell(panel: Observation["panel"]): void {
    const series = [{ member: undefined, judge: undefined }, ...panel.members];
    for (const { member, judge } of series) {
      const reading = probesAccepted(board.read({ panel: panel.name, member }, panel.revision), undefined, limits);
      const now = reading?.accepted ?? [];
      if (judge === undefined) metrics.panelProbeAccepts.inc({ panel: panel.name }, now.length);
      else metrics.judgeProbeAccepts.inc({ judge }, now.length);
      const key = JSON.stringify([panel.name, member]);
      const before = accepted.get(key) ?? [];
      accepted.set(key, now);
      const fresh = now.filter((id) => !before.includes(id));
      if (fresh.length > 0) log.warn({ panel: panel.name, member, judge, probes: fresh }, "probes are accepted");
    }
  }

  async function loop(suite: ProbeSuite, score: RewardService["score"]): Promise<void> {
    while (!stopping.signal.aborted) {
      const last = await round(suite, score);
      if (last !== undefined) tell(last.panel);
      await pause(suite.everyMs, clock, stopping.signal);
    }
  }

  return {
    board,
    observer: {
      defaultRun: "probes",
      observe: (observation) => void heard.set(observation.requestId, observation),
      observeRaw: () => {},
    },
    start(score) {
      for (const suite of suites) loops.push(loop(suite, score));
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

/** A probe that a constraint vetoes has no reward, and was judged all the same. */
function isJudged({ items }: Observation): boolean {
  const { rewards, satisfied } = items[0]!;
  return rewards[0] !== null || satisfied?.[0] === 0;
}

/** Waits, or until the signal ends it. */
function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      cancel();
      resolve();
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", end);
      resolve();
    });
    signal.addEventListener("abort", end, { once: true });
  });
}
