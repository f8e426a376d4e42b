import { LRUCache } from "lru-cache";
import { GatewayError } from "../domain/errors.ts";
import type { AlarmKind, Observation, RunAlarm, RunStatistics } from "../domain/run.ts";
import { reportRows } from "./report.ts";
import { type RecordOptions, RunRecord } from "./run-record.ts";

export interface RunsOptions extends RecordOptions {
  /** Runs that are remembered, ≥ 1; the one unheard of for longest is forgotten. */
  readonly maxRuns: number;
  /** Hears of every alarm once, when it is raised. */
  readonly onAlarm: (run: string, alarm: RunAlarm) => void;
}

/** The statistics of the runs that are remembered, and the way in for what is scored. */
export interface Runs extends RunStatistics {
  observe(observation: Observation): void;
  /** How many alarms are raised now, over all runs. */
  raisedByKind(): Map<AlarmKind, number>;
}

/** Remembers the last runs in memory: a restart forgets them, and a replica knows what it scored itself. */
export function createRuns(options: RunsOptions): Runs {
  const records = new LRUCache<string, RunRecord>({ max: options.maxRuns });
  // Reading about a run does not keep it; being heard of does.
  const find = (run: string): RunRecord => {
    const record = records.peek(run);
    if (record !== undefined) return record;
    const message = `no run "${run}" is remembered: it was never named in a request, or ${options.maxRuns} others have come since`;
    throw new GatewayError("RUN_NOT_FOUND", message, { details: { suggestions: [...records.keys()].slice(0, 5) } });
  };
  return {
    observe(observation) {
      let record = records.get(observation.run);
      if (record === undefined) {
        record = new RunRecord(observation.run, options, (alarm) => options.onAlarm(observation.run, alarm));
        records.set(observation.run, record);
      }
      record.observe(observation);
    },
    raisedByKind() {
      const counts = new Map<AlarmKind, number>();
      for (const { book } of records.values()) {
        for (const { kind } of book.raised.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      return counts;
    },
    list: () => [...records.values()].map((record) => record.summary()),
    report(run, query) {
      const record = find(run);
      return { summary: record.summary(), rows: reportRows(record.windows(), query) };
    },
    alarms: (run) => find(run).book.list(),
    pinBaseline: (run) => find(run).pin(),
    forget(run) {
      find(run);
      records.delete(run);
    },
  };
}
