import type { ConstrainedReward, ConstrainedSummary, Verdict } from "../domain/constraint.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Panel, Reading } from "../domain/panel.ts";
import type { Aggregate, Steering } from "../domain/reward.ts";
import type { Failure, WeightSet } from "../domain/score.ts";
import type { StateSnapshot } from "../domain/state.ts";
import { type Count, countMembers, noOpinion } from "./count-members.ts";
import { digestPrompt } from "./digest.ts";
import { type Judgement, toFailure } from "./judgement.ts";
import { type ColumnContext, columnOfCalibrated, readColumn, readMember, type ScoreColumn } from "./score-column.ts";
import { type JointVerdict, judgeConstraints } from "./verdicts.ts";

/** An item with what the judges of its panel said. */
export interface JudgedItem {
  readonly item: Item;
  /** One row per judge of the panel; in a row the candidates, then the baselines that were judged, in request order. */
  readonly rows: readonly (readonly Judgement[])[];
}

/** What decides how an item is weighed. */
export interface Weighing {
  readonly steering?: Steering | undefined;
  readonly memberWeights?: WeightSet["memberWeights"] | undefined;
  /** Every state that the panel names, read for this request. */
  readonly states: ReadonlyMap<string, StateSnapshot>;
}

/** The rewards of one item under one weighting, before advantages. */
export interface WeightedItem {
  /** In force, one per member. */
  readonly weights: ArrayLike<number>;
  readonly columns: readonly ScoreColumn[];
  readonly counts: readonly Count[];
  /** Undefined where the candidate has no aggregated reward. */
  readonly aggregates: readonly (Aggregate | undefined)[];
  readonly failures: readonly (Failure | undefined)[];
  readonly verdicts: readonly JointVerdict[] | undefined;
  readonly constrained: readonly (ConstrainedReward | null)[] | undefined;
  readonly summary: ConstrainedSummary | undefined;
  /** For the trainer; null where there is none. */
  readonly rewards: readonly (number | null)[];
}

/**
 * Weighs one item once: read every member and constraint, apply the failure policies, aggregate, constrain. Pure.
 *
 * @throws {GatewayError} REQUEST_INVALID when the steering leaves a judge without weight
 */
export function weighItem(panel: Panel, judged: JudgedItem, { steering, states, memberWeights }: Weighing): WeightedItem {
  const { candidates } = judged.item;
  const size = candidates.length;
  const weights = weightsOf(panel, states, memberWeights);
  const plain: ColumnContext = { steering, candidates, prompt: judged.item.prompt, baselines: NONE, states };
  const read = <R extends Reading>(column: ColumnReader<R>, reading: R, context: ColumnContext) => {
    const row = judged.rows[reading.seat]!;
    if (!panel.readsBaselines) return column(reading, row, context);
    return column(reading, row.slice(0, size), { ...context, baselines: row.slice(size) });
  };
  const columns = panel.members.map((member) => read(readMember, member, plain));
  const { counts, aggregates, failures } = aggregateColumns(panel, columns, size, weights);
  if (panel.constraints === undefined) {
    const rewards = aggregates.map((aggregate) => aggregate?.reward ?? null);
    return { weights, columns, counts, aggregates, failures, verdicts: undefined, constrained: undefined, summary: undefined, rewards };
  }
  const { readings, rule } = panel.constraints;
  // A request's weights steer what is rewarded, never what is allowed.
  const held = readings.map((reading) => read(readColumn, reading, { ...plain, steering: undefined }));
  const verdicts = counts.map((_, candidate) => judgeConstraints(readings, held, candidate, rule.join));
  const compared = rule.readsBaselines ? baselineOf(panel, judged, plain, weights) : undefined;
  const lacking = compared !== undefined && "failure" in compared ? compared.failure : undefined;
  // A violation is one whatever the members say, or were not asked, or failed to; an item that brings nothing to compare with fails whole.
  const isVetoed = (i: number) => lacking === undefined && verdicts[i]!.verdict === "violated";
  const failed = failures.map((failure, i) => (isVetoed(i) ? undefined : (failure ?? lacking)));
  const { rewards, summary } = rule.apply({
    rewards: aggregates.map((aggregate) => (lacking === undefined ? (aggregate?.reward ?? null) : null)),
    verdicts: verdicts.map(({ verdict }) => verdict),
    ...(compared !== undefined && "reward" in compared && { baseline: compared.reward }),
    ...(compared !== undefined && "reward" in compared && compared.verdict && { baselineVerdict: compared.verdict }),
    kl: candidates.map(({ kl }) => kl ?? null),
    truncated: candidates.map(({ truncated }) => truncated === true),
  });
  const constrained = rewards.map((reward, i) => (failed[i] === undefined ? reward : null));
  return {
    weights,
    columns,
    counts,
    aggregates,
    failures: failed,
    verdicts,
    constrained,
    summary,
    rewards: constrained.map((each) => each?.reward ?? null),
  };
}

const NONE: readonly never[] = [];

type ColumnReader<R extends Reading> = (reading: R, row: readonly Judgement[], context: ColumnContext) => ScoreColumn;

/** The weights in force: the weight set's, else the state's, else the configured ones. */
function weightsOf(panel: Panel, states: ReadonlyMap<string, StateSnapshot>, memberWeights: WeightSet["memberWeights"]): ArrayLike<number> {
  if (memberWeights !== undefined) {
    return panel.members.map(({ name, standing }) =>
      standing === "counts" && Object.hasOwn(memberWeights, name) ? memberWeights[name]! : 0,
    );
  }
  if (panel.weighting !== undefined) return panel.weighting.weightsOf(states.get(panel.weighting.state)!);
  return configuredWeights(panel);
}

const configured = new WeakMap<Panel, readonly number[]>();
function configuredWeights(panel: Panel): readonly number[] {
  let weights = configured.get(panel);
  if (weights === undefined) {
    weights = panel.members.map(({ weight }) => weight);
    configured.set(panel, weights);
  }
  return weights;
}

/**
 * One reward per candidate out of the members' columns, after the failure policies. Pure.
 *
 * @param columns one per member of the panel, its order
 * @param size    number of candidates
 * @param weights in force, one per member
 */
export function aggregateColumns(panel: Panel, columns: readonly ScoreColumn[], size: number, weights: ArrayLike<number>) {
  const counts: Count[] = [];
  for (let candidate = 0; candidate < size; candidate++) counts.push(countMembers(panel, columns, candidate, weights));
  const { aggregation } = panel;
  const sufficient = counts.map(({ scores }) => scores !== undefined && (aggregation.suffices?.(scores) ?? true));
  const entries = counts.map(({ scores }, candidate) => (sufficient[candidate] === true ? scores : undefined));
  const results = aggregation.aggregate(entries.filter((entry) => entry !== undefined));
  let next = 0;
  const aggregates: (Aggregate | undefined)[] = [];
  const failures: (Failure | undefined)[] = [];
  for (const [candidate, entry] of entries.entries()) {
    const aggregate = entry === undefined ? undefined : results[next++]!;
    const finite = aggregate === undefined || Number.isFinite(aggregate.reward);
    aggregates.push(finite ? aggregate : undefined);
    const lack = sufficient[candidate]!;
    const told = lack instanceof GatewayError ? toFailure(lack) : counts[candidate]!.failure;
    const without = entry === undefined ? (told ?? noOpinion(panel, columns, candidate)) : undefined;
    failures.push(finite ? without : notFinite(panel));
  }
  return { counts, aggregates, failures };
}

function notFinite(panel: Panel): Failure {
  return toFailure(new GatewayError("SCORE_NOT_FINITE", `the aggregation of panel "${panel.name}" gave a number that is not finite`));
}

/** What an item's candidates are compared with, or why there is nothing. */
type Baseline = { readonly reward: number; readonly verdict?: Verdict } | { readonly failure: Failure };

/** Mean reward of the item's baselines that have one, and what the constraints say of all of them. */
function baselineOf(panel: Panel, { item, rows }: JudgedItem, context: ColumnContext, weights: ArrayLike<number>): Baseline {
  const baselines = item.baselines ?? [];
  if (baselines.length === 0) return referenceOf(panel, item, context, weights);
  const read = <R extends Reading>(column: ColumnReader<R>, reading: R, steering: Steering | undefined) => {
    const row = rows[reading.seat]!.slice(item.candidates.length);
    return column(reading, row, { ...context, steering, candidates: baselines, baselines: row });
  };
  const columns = panel.members.map((member) => read(readMember, member, context.steering));
  const mean = meanReward(panel, columns, baselines.length, weights);
  if ("failure" in mean) return mean;
  const { readings, rule } = panel.constraints!;
  const held = readings.map((reading) => read(readColumn, reading, undefined));
  const verdicts = baselines.map((_, index) => judgeConstraints(readings, held, index, rule.join).verdict);
  return { ...mean, verdict: rule.join(verdicts) };
}

/** Mean reward of the reference completions that an artefact knows for the item's prompt. No constraint has judged them. */
function referenceOf(panel: Panel, item: Item, context: ColumnContext, weights: ArrayLike<number>): Baseline {
  const { reference } = panel.constraints!;
  const scores = reference?.scoresOf(digestPrompt(item.prompt));
  if (reference === undefined) return { failure: toFailure(NO_BASELINE) };
  if (scores === undefined) {
    const message = `the item has no baselines and the reference "${reference.artefact}" does not know its prompt: send item.baselines, or build the reference with this prompt`;
    return { failure: toFailure(new GatewayError("REFERENCE_MISSING", message)) };
  }
  const columns = panel.members.map((member, i) => columnOfCalibrated(member, scores[i]!, context));
  return meanReward(panel, columns, Math.max(...scores.map(({ length }) => length)), weights);
}

function meanReward(panel: Panel, columns: readonly ScoreColumn[], size: number, weights: ArrayLike<number>): Baseline {
  const { aggregates, failures } = aggregateColumns(panel, columns, size, weights);
  const rewards = aggregates.flatMap((aggregate) => (aggregate === undefined ? [] : [aggregate.reward]));
  if (rewards.length > 0) return { reward: rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length };
  const [failure] = failures;
  return { failure: { ...failure!, message: `no baseline of the item has a reward: ${failure!.message}` } };
}

const NO_BASELINE = new GatewayError(
  "REFERENCE_MISSING",
  "the panel compares with the item's baselines and there is none: send item.baselines",
);
