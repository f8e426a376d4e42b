import { Counter, type Registry } from "prom-client";
import { OPEN_REASONS } from "../domain/panel.ts";
import { STOPPING_REASONS } from "../domain/score.ts";

/** Metrics of panels that judge in stages. */
export function createStageMetrics(registry: Registry) {
  const registers = [registry];
  const itemsStopped = new Counter({
    name: "rewardgate_items_stopped_total",
    help: "Items of panels in stages, by how many stages were asked and why no further one was.",
    labelNames: ["panel", "asked", "reason"],
    registers,
  });
  const opened = new Counter({
    name: "rewardgate_stages_opened_total",
    help: "Later stages that were asked, by what had left their item open.",
    labelNames: ["panel", "reason"],
    registers,
  });
  return {
    itemsStopped,
    opened,
    /** Creates the series of one panel in stages before its first request. */
    declarePanel(panel: string, stages: number): void {
      for (let asked = 1; asked <= stages; asked++)
        for (const reason of STOPPING_REASONS) itemsStopped.inc({ panel, asked: String(asked), reason }, 0);
      for (const reason of OPEN_REASONS) opened.inc({ panel, reason }, 0);
    },
  };
}
