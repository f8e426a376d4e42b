import { Counter, Gauge, type Registry } from "prom-client";
import { ALARM_KINDS } from "../domain/run.ts";

/** Metrics of what is watched over time: scores of judges, training runs with their alarms, probes. */
export function createRunMetrics(registry: Registry) {
  const registers = [registry];
  const judgeWindowMean = new Gauge({
    name: "rewardgate_judge_window_score_mean",
    help: "Mean of the last 1000 raw scores.",
    labelNames: ["judge"],
    registers,
  });
  const judgeWindowStd = new Gauge({
    name: "rewardgate_judge_window_score_stddev",
    help: "Standard deviation of the last 1000 raw scores.",
    labelNames: ["judge"],
    registers,
  });
  const judgeDriftPsi = new Gauge({
    name: "rewardgate_judge_drift_psi",
    help: "Population stability index of the last 1000 raw scores against the first 1000 since the start.",
    labelNames: ["judge"],
    registers,
  });
  const judgeLengthCorrelation = new Gauge({
    name: "rewardgate_judge_length_correlation",
    help: "Pearson correlation of the last 1000 raw scores with the lengths of their candidates.",
    labelNames: ["judge"],
    registers,
  });
  const runsActive = new Gauge({ name: "rewardgate_runs_active", help: "Training runs whose statistics are remembered.", registers });
  const runAlarms = new Counter({
    name: "rewardgate_run_alarms_total",
    help: "Alarms raised about training runs.",
    labelNames: ["kind"],
    registers,
  });
  const runAlarmsRaised = new Gauge({
    name: "rewardgate_run_alarms_raised",
    help: "Alarms about training runs that are raised now.",
    labelNames: ["kind"],
    registers,
  });
  const judgeProbeAccepts = new Counter({
    name: "rewardgate_judge_probe_accepts_total",
    help: "Probes that a judge accepted: answers that deserve nothing, scored above what the probe file allows.",
    labelNames: ["judge"],
    registers,
  });
  const panelProbeAccepts = new Counter({
    name: "rewardgate_panel_probe_accepts_total",
    help: "Probes that a panel's reward accepted.",
    labelNames: ["panel"],
    registers,
  });
  const probes = new Counter({
    name: "rewardgate_probes_total",
    help: "Probes that were sent to a panel, by whether it could judge them.",
    labelNames: ["panel", "outcome"],
    registers,
  });
  for (const kind of ALARM_KINDS) runAlarms.inc({ kind }, 0);
  return {
    judgeWindowMean,
    judgeWindowStd,
    judgeDriftPsi,
    judgeLengthCorrelation,
    runsActive,
    runAlarms,
    runAlarmsRaised,
    judgeProbeAccepts,
    panelProbeAccepts,
    probes,
  };
}
