import type { RunDimension, RunDisagreement, RunDrift, RunQuery, RunRow, ScoreDescription } from "../domain/run.ts";
import { kolmogorovSmirnov, stabilityIn } from "../evaluation/drift.ts";
import { quantileSorted, sum } from "../reward/numerics.ts";
import { type Baseline, STABILITY } from "./baseline.ts";
import { describeWindow } from "./description.ts";
import type { PanelWindow } from "./panel-window.ts";
import type { ItemFacts, WindowSample } from "./score-window.ts";
import type { Series } from "./series.ts";
import { stepsOf } from "./steps.ts";

/** By what rows are told apart when nobody says. */
const DEFAULT_DIMENSIONS: readonly RunDimension[] = ["domain", "judge"];

/**
 * The rows of a report: one per window and series that the query asks for and that holds a score. A dimension that rows are not told
 * apart by is taken together: without `domain` the windows over all domains, without `judge` the panel's reward.
 */
export function reportRows(windows: readonly PanelWindow[], query: RunQuery): RunRow[] {
  const by = new Set(query.groupBy ?? DEFAULT_DIMENSIONS);
  const rows: RunRow[] = [];
  for (const window of windows) {
    if (query.panel !== undefined && window.panel.name !== query.panel) continue;
    if (query.domain !== undefined ? window.domain !== query.domain : window.domain !== undefined && !by.has("domain")) continue;
    for (const series of window.scored) {
      const { member, judge } = series.subject;
      if (query.judge !== undefined ? query.judge !== judge && query.judge !== member : member !== undefined && !by.has("judge")) continue;
      rows.push(...seriesRows(window, series, by.has("policyVersion")));
    }
  }
  return rows;
}

function seriesRows(window: PanelWindow, series: Series, byPolicy: boolean): RunRow[] {
  const { facts } = series.window.sample();
  if (facts.length === 0) return [];
  if (!byPolicy) return [{ ...rowOf(window, series, () => true), ...gatingOf(series) }];
  const versions = [...new Set(facts.map(({ policyVersion }) => policyVersion))];
  return versions.map((version) => ({
    ...rowOf(window, series, ({ policyVersion }) => policyVersion === version),
    ...(version !== undefined && { policyVersion: version }),
  }));
}

type Filter = (facts: ItemFacts) => boolean;

function rowOf(window: PanelWindow, series: Series, filter: Filter): RunRow {
  const { subject, passThreshold, baseline } = series;
  const { member, judge, standing, space } = subject;
  const sample = series.window.sample({ filter });
  const description = describeWindow(sample);
  const { items, scores, mean, std, length } = description;
  const sorted = Float64Array.from(sample.values).sort();
  const [q05, q25, q50, q75, q95] = [0.05, 0.25, 0.5, 0.75, 0.95].map((q) => quantileSorted(sorted, q)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const satisfiedRate = member === undefined ? meanOf(window.verdicts, filter) : undefined;
  return {
    panel: window.panel.name,
    ...(member !== undefined && { member }),
    ...(judge !== undefined && { judge }),
    ...(standing !== undefined && { standing }),
    ...(window.domain !== undefined && { domain: window.domain }),
    space,
    items,
    scores,
    ...stepsOf(sample.facts),
    mean,
    std,
    quantiles: { q05, q25, q50, q75, q95 },
    ...(passThreshold !== undefined && { passThreshold, passRate: sum(sample.passes) / scores }),
    ...groupsOf(sample),
    meanLength: sum(sample.lengths) / scores,
    ...(length !== undefined && { lengthCorrelation: length.rho }),
    ...(member !== undefined && { meanTokens: sum(sample.tokens) / scores }),
    ...(baseline !== undefined && sample.values.length >= STABILITY.minCount && { drift: driftOf(description, sample, baseline) }),
    ...(satisfiedRate !== undefined && { satisfiedRate }),
    ...(member === undefined && window.members.length > 1 && { disagreement: disagreementOf(window, filter) }),
  };
}

/** Gating is kept as sums over all items, so a part of a window has none. */
function gatingOf({ gating, subject }: Series): Pick<RunRow, "gating" | "gatingDrift"> {
  const weights = gating?.mean();
  const gatingDrift = gating?.drift();
  return {
    ...(weights !== undefined && { gating: Object.fromEntries(subject.objectives.map((name, k) => [name, weights[k]!])) }),
    ...(gatingDrift !== undefined && { gatingDrift }),
  };
}

function groupsOf({ counts, squares }: WindowSample): Pick<RunRow, "groups" | "zeroVarianceShare"> {
  const groups = counts.filter((count) => count > 1).length;
  if (groups === 0) return { groups };
  const still = counts.filter((count, i) => count > 1 && squares[i] === 0).length;
  return { groups, zeroVarianceShare: still / groups };
}

function driftOf(window: ScoreDescription, sample: WindowSample, { info, description, bins, sorted }: Baseline): RunDrift {
  const values = Array.from(sample.values);
  const { d, p } = kolmogorovSmirnov(Array.from(sorted), values, STABILITY.minCount);
  return {
    baseline: info,
    ...(description.std > 0 && {
      meanShift: (window.mean - description.mean) / description.std,
      spreadRatio: window.std / description.std,
    }),
    psi: stabilityIn(bins, values).psi,
    ks: d,
    ksP: p,
  };
}

function disagreementOf({ spreads, conflicts }: PanelWindow, filter: Filter): RunDisagreement {
  const spread = meanOf(spreads, filter);
  const conflict = meanOf(conflicts, filter);
  const usual = spreads.baseline?.description.mean;
  return {
    ...(spread !== undefined && { spread }),
    ...(spread !== undefined && usual !== undefined && usual > 0 && { ratio: spread / usual }),
    ...(conflict !== undefined && { pairConflictRate: conflict }),
  };
}

/** Mean of the scores of a series; undefined without any. */
function meanOf({ window }: Series, filter: Filter): number | undefined {
  const { counts, means } = window.sample({ filter });
  return counts.length === 0 ? undefined : sum(means.map((mean, i) => mean * counts[i]!)) / sum(counts);
}
