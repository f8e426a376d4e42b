import { GatewayError } from "../domain/errors.ts";
import { ALARM_KINDS, type RunStatistics, type ScoreObserver } from "../domain/run.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { JudgeTraffic } from "./judge-traffic.ts";
import { createRuns, type RunsOptions } from "./runs.ts";

export { createProber } from "./prober.ts";

export interface MonitoringOptions extends Omit<RunsOptions, "onAlarm"> {
  /** The run of requests that name none; absent, they belong to no run. */
  readonly defaultRun?: string | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** What hears of scores, and what tells of them. */
export interface Monitoring {
  readonly observer: ScoreObserver;
  readonly statistics: RunStatistics;
}

/** Statistics of the runs, with their alarms in the log, and of every judge's traffic, in the metrics. */
export function createMonitoring(options: MonitoringOptions): Monitoring {
  const { metrics, log, defaultRun } = options;
  const traffic = new JudgeTraffic();
  const runs = createRuns({
    ...options,
    onAlarm(run, alarm) {
      metrics.runAlarms.inc({ kind: alarm.kind });
      const { kind, panel, member, domain, value, threshold, firstStep, lastStep } = alarm;
      log.warn({ run, alarm: kind, panel, member, domain, value, threshold, firstStep, lastStep }, "alarm raised");
    },
  });
  metrics.onScrape(() => {
    for (const [judge, { mean, std, psi, lengthCorrelation }] of traffic.read()) {
      metrics.judgeWindowMean.set({ judge }, mean);
      metrics.judgeWindowStd.set({ judge }, std);
      if (psi !== undefined) metrics.judgeDriftPsi.set({ judge }, psi);
      if (lengthCorrelation !== undefined) metrics.judgeLengthCorrelation.set({ judge }, lengthCorrelation);
    }
    metrics.runsActive.set(runs.list().length);
    const raised = runs.raisedByKind();
    for (const kind of ALARM_KINDS) metrics.runAlarmsRaised.set({ kind }, raised.get(kind) ?? 0);
  });
  return {
    statistics: runs,
    observer: {
      ...(defaultRun !== undefined && { defaultRun }),
      observe(observation) {
        try {
          runs.observe(observation);
        } catch (error) {
          // Statistics look on; a fault of theirs is no reason to withhold a reward.
          log.error({ err: GatewayError.from(error), run: observation.run }, "the statistics of a run could not take in a request");
        }
      },
      observeRaw: (judge, score, length) => traffic.add(judge, score, length),
    },
  };
}
