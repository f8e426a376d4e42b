import type { Judge } from "../domain/judge.ts";
import type { Panel } from "../domain/panel.ts";
import type { CandidateStatus, ItemResult, Judging, Outcome } from "../domain/score.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Judgement } from "./judgement.ts";

/** A scored request, as the metrics see it. */
export interface ScoredRequest {
  /** The name that the request gave. */
  readonly panel: string;
  readonly judged: readonly { readonly panel: Panel; readonly rows: readonly (readonly Judgement[])[] }[];
  readonly results: readonly ItemResult[];
}

/** Counts outcomes and raw scores per judge, statuses and rewards per panel. Judges that only watch are counted like the others. */
export function countScores(metrics: Metrics, { panel, judged, results }: ScoredRequest): void {
  for (const [judge, rows] of rowsByJudge(judged)) {
    const scores = metrics.judgeScore.labels({ judge: judge.name });
    const outcomes: Partial<Record<Outcome, number>> = {};
    for (const row of rows) {
      for (const judgement of row) {
        outcomes[judgement.outcome] = (outcomes[judgement.outcome] ?? 0) + 1;
        if (judgement.outcome === "scored") scores.observe(judgement.raw.value);
      }
    }
    for (const [outcome, times] of Object.entries(outcomes)) metrics.judgeCalls.inc({ judge: judge.name, outcome }, times);
  }
  const rewards = metrics.reward.labels({ panel });
  const statuses: Partial<Record<CandidateStatus, number>> = {};
  for (const [index, { candidates }] of results.entries()) {
    for (const { status, reward, missing } of candidates) {
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (reward !== undefined) rewards.observe(reward);
      // Parts of judges would say so too, but a request may leave them out.
      if (status !== "failed" && missing.length > 0) countImputed(metrics, judged[index]!.panel, missing);
    }
  }
  for (const [status, times] of Object.entries(statuses)) metrics.candidates.inc({ panel, status }, times);
  for (const [index, { judging }] of results.entries()) if (judging !== undefined) countStages(metrics, judged[index]!.panel.name, judging);
}

/** @param missing members without a score of their own, of a candidate that has a reward all the same */
function countImputed(metrics: Metrics, { members }: Panel, missing: readonly string[]): void {
  for (const { name, judge, onFailure } of members) {
    if (onFailure.policy === "impute" && missing.includes(name)) metrics.imputed.inc({ judge: judge.name });
  }
}

/** @param panel the one that judged the item, whatever led there */
function countStages(metrics: Metrics, panel: string, { asked, stopped, openBy }: Judging): void {
  metrics.stages.itemsStopped.inc({ panel, asked: String(asked), reason: stopped });
  for (const reason of openBy) metrics.stages.opened.inc({ panel, reason });
}

function rowsByJudge(judged: ScoredRequest["judged"]): Map<Judge, (readonly Judgement[])[]> {
  const byJudge = new Map<Judge, (readonly Judgement[])[]>();
  for (const { panel, rows } of judged) {
    for (const [seat, judge] of panel.judges.entries()) {
      const known = byJudge.get(judge);
      if (known) known.push(rows[seat]!);
      else byJudge.set(judge, [rows[seat]!]);
    }
  }
  return byJudge;
}
