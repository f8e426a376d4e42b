import type { GroupAdvantage } from "../domain/advantage.ts";
import type { ConstrainedReward, ConstrainedSummary, Verdict } from "../domain/constraint.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Panel } from "../domain/panel.ts";
import type { Aggregate, Steering } from "../domain/reward.ts";
import type { CandidateResult, CandidateStatus, ConstraintResult, Detail, Failure, ItemResult, WeightSet } from "../domain/score.ts";
import type { StateSnapshot } from "../domain/state.ts";
import { type Count, countMembers } from "./count-members.ts";
import { judgePart } from "./judge-part.ts";
import { type Judgement, toFailure } from "./judgement.ts";
import { type ColumnContext, readColumn, type ScoreColumn } from "./score-column.ts";
import { type JointVerdict, judgeConstraints } from "./verdicts.ts";

/** An item with what the judges of its panel said. */
export interface JudgedItem {
  readonly item: Item;
  /** One row per judge of the panel; in a row the candidates, then the baselines that were judged, in request order. */
  readonly rows: readonly (readonly Judgement[])[];
}

export interface RewardOptions {
  readonly detail: Detail;
  readonly steering?: Steering | undefined;
  readonly weightSets?: readonly WeightSet[] | undefined;
  /** Every state that the panel names, read for this request. */
  readonly states: ReadonlyMap<string, StateSnapshot>;
}

/** The rewards of one item under one weighting, before advantages. */
interface Weighted {
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
 * From the judgements of a request's items to their results: per item scalarise, calibrate, transform, apply the failure policy,
 * aggregate and constrain, once more for each further weighting, then advantages over the group or the batch. Pure. A missing
 * judgement never becomes a number unless the member's policy states one.
 *
 * @param judged items of one panel
 * @returns one result per item, same order; contributions of the counted members sum to the aggregated reward
 * @throws {GatewayError} REQUEST_INVALID when the steering leaves a judge without weight, or the request lacks what the panel reads
 */
export function rewardItems(panel: Panel, judged: readonly JudgedItem[], options: RewardOptions): ItemResult[] {
  const weighted = judged.map((each) => weigh(panel, each, options));
  const advantages = panel.advantages?.estimate(weighted.map((each, index) => groupRewards(panel, each, judged[index]!.item)));
  return judged.map((each, index) => {
    const sets = rewardsBySet(panel, each, options);
    return itemResult(panel, each.item, weighted[index]!, { sets, advantage: advantages?.[index], detail: options.detail });
  });
}

function weigh(
  panel: Panel,
  judged: JudgedItem,
  { steering, states, memberWeights }: Pick<RewardOptions, "steering" | "states"> & Pick<WeightSet, "memberWeights">,
): Weighted {
  const size = judged.item.candidates.length;
  const weights = weightsOf(panel, states, memberWeights);
  const lengths = judged.item.candidates.map(({ tokens }) => tokens);
  const rowOf = (seat: number) => judged.rows[seat]!;
  const contextOf = (seat: number): ColumnContext => ({
    steering,
    lengths,
    baselines: panel.readsBaselines ? rowOf(seat).slice(size) : [],
    states,
  });
  const candidatesOf = (seat: number) => (panel.readsBaselines ? rowOf(seat).slice(0, size) : rowOf(seat));
  const columns = panel.members.map((member) => readColumn(member, candidatesOf(member.seat), contextOf(member.seat)));
  const { counts, aggregates, failures } = aggregateColumns(panel, columns, size, weights);
  const free = { weights, columns, counts, aggregates, failures, verdicts: undefined, constrained: undefined, summary: undefined };
  if (panel.constraints === undefined) return { ...free, rewards: aggregates.map((aggregate) => aggregate?.reward ?? null) };

  const { readings, rule } = panel.constraints;
  // A request's weights steer what is rewarded, never what is allowed.
  const held = readings.map((reading) =>
    readColumn(reading, candidatesOf(reading.seat), { ...contextOf(reading.seat), steering: undefined }),
  );
  const verdicts = counts.map((_, candidate) => judgeConstraints(readings, held, candidate, rule.join));
  const compared = rule.readsBaselines ? baselineOf(panel, judged, { steering, states }, weights) : undefined;
  const lacking = compared !== undefined && "failure" in compared ? compared.failure : undefined;
  const { rewards: constrained, summary } = rule.apply({
    rewards: aggregates.map((aggregate) => (lacking === undefined ? (aggregate?.reward ?? null) : null)),
    verdicts: verdicts.map(({ verdict }) => verdict),
    ...(compared !== undefined && "reward" in compared && { baseline: compared.reward, baselineVerdict: compared.verdict }),
    kl: judged.item.candidates.map(({ kl }) => kl ?? null),
    truncated: judged.item.candidates.map(({ truncated }) => truncated === true),
  });
  return {
    ...free,
    failures: failures.map((failure) => failure ?? lacking),
    verdicts,
    constrained,
    summary,
    rewards: constrained.map((each) => each?.reward ?? null),
  };
}

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

function aggregateColumns(panel: Panel, columns: readonly ScoreColumn[], size: number, weights: ArrayLike<number>) {
  const counts: Count[] = [];
  for (let candidate = 0; candidate < size; candidate++) counts.push(countMembers(panel, columns, candidate, weights));
  const counted = counts.filter((count) => count.scores !== undefined);
  const results = panel.aggregation.aggregate(counted.map((count) => count.scores!));
  let next = 0;
  const aggregates: (Aggregate | undefined)[] = [];
  const failures: (Failure | undefined)[] = [];
  for (const count of counts) {
    const aggregate = count.scores === undefined ? undefined : results[next++]!;
    const finite = aggregate === undefined || Number.isFinite(aggregate.reward);
    aggregates.push(finite ? aggregate : undefined);
    failures.push(finite ? count.failure : notFinite(panel));
  }
  return { counts, aggregates, failures };
}

function notFinite(panel: Panel): Failure {
  return toFailure(new GatewayError("SCORE_NOT_FINITE", `the aggregation of panel "${panel.name}" gave a number that is not finite`));
}

/** What an item's candidates are compared with, or why there is nothing. */
type Baseline = { readonly reward: number; readonly verdict: Verdict } | { readonly failure: Failure };

/** Mean reward of the item's baselines that have one, and what the constraints say of all of them. */
function baselineOf(
  panel: Panel,
  { item, rows }: JudgedItem,
  { steering, states }: Pick<RewardOptions, "steering" | "states">,
  weights: ArrayLike<number>,
): Baseline {
  const baselines = item.baselines ?? [];
  if (baselines.length === 0) return { failure: toFailure(NO_BASELINE) };
  const rowOf = (seat: number) => rows[seat]!.slice(item.candidates.length);
  const lengths = baselines.map(({ tokens }) => tokens);
  const contextOf = (seat: number): ColumnContext => ({ steering, lengths, baselines: rowOf(seat), states });
  const columns = panel.members.map((member) => readColumn(member, rowOf(member.seat), contextOf(member.seat)));
  const { aggregates, failures } = aggregateColumns(panel, columns, baselines.length, weights);
  const rewards = aggregates.flatMap((aggregate) => (aggregate === undefined ? [] : [aggregate.reward]));
  if (rewards.length === 0) {
    const [failure] = failures;
    return { failure: { ...failure!, message: `no baseline of the item has a reward: ${failure!.message}` } };
  }
  const { readings, rule } = panel.constraints!;
  const held = readings.map((reading) => readColumn(reading, rowOf(reading.seat), { ...contextOf(reading.seat), steering: undefined }));
  const verdicts = baselines.map((_, index) => judgeConstraints(readings, held, index, rule.join).verdict);
  return { reward: rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length, verdict: rule.join(verdicts) };
}

const NO_BASELINE = new GatewayError(
  "REFERENCE_MISSING",
  "the panel compares with the item's baselines and there is none: send item.baselines",
);

function groupRewards(panel: Panel, { rewards, columns, weights }: Weighted, item: Item) {
  const counting = panel.members.flatMap(({ standing }, index) =>
    standing === "counts" ? [{ weight: weights[index]!, column: columns[index]! }] : [],
  );
  return {
    rewards,
    components: rewards.map((reward, candidate) =>
      counting.map(({ column }) => (reward === null ? null : (column.transformed[candidate] ?? null))),
    ),
    weights: counting.map(({ weight }) => weight),
    lengths: item.candidates.map(({ tokens }) => tokens ?? null),
  };
}

/** Per weight set, the rewards of the candidates. */
function rewardsBySet(panel: Panel, judged: JudgedItem, options: RewardOptions): { name: string; rewards: Weighted["rewards"] }[] {
  return (options.weightSets ?? []).map(({ name, steering = options.steering, memberWeights }) => ({
    name,
    rewards: weigh(panel, judged, { steering, states: options.states, ...(memberWeights && { memberWeights }) }).rewards,
  }));
}

interface ItemParts {
  readonly sets: readonly { readonly name: string; readonly rewards: Weighted["rewards"] }[];
  readonly advantage: GroupAdvantage | undefined;
  readonly detail: Detail;
}

function itemResult(panel: Panel, item: Item, weighted: Weighted, parts: ItemParts): ItemResult {
  const candidates = item.candidates.map((_, candidate) => candidateResult(panel, weighted, candidate, parts));
  const { advantage } = parts;
  return {
    id: item.id,
    candidates,
    ...(advantage && {
      group: {
        method: panel.advantages!.method,
        mean: advantage.mean,
        std: advantage.std,
        zeroVariance: advantage.zeroVariance,
      },
    }),
    ...(weighted.summary && { constrained: weighted.summary }),
  };
}

/** A result under construction: one shape for all, filled in a fixed order. */
type Draft = { -readonly [Key in keyof CandidateResult]: CandidateResult[Key] };

function candidateResult(panel: Panel, weighted: Weighted, candidate: number, parts: ItemParts): CandidateResult {
  const count = weighted.counts[candidate]!;
  const verdict = weighted.verdicts?.[candidate];
  const { status, failure } = statusOf(count, weighted.failures[candidate], verdict);
  const reward = status === "failed" ? null : weighted.rewards[candidate]!;
  const result: Draft = {
    status,
    missing: count.missing.map((index) => panel.members[index]!.name),
    judges: parts.detail === "reward" ? [] : judgeParts(panel, weighted, candidate, parts),
  };
  if (reward !== null) result.reward = reward;
  else if (failure !== undefined) result.failure = failure;
  if (verdict !== undefined) result.constraints = constraintResult(verdict, weighted.constrained![candidate]!, parts.detail);
  if (reward === null) return result;
  if (parts.sets.length > 0) {
    const known = parts.sets.flatMap(({ name, rewards }) => (rewards[candidate] === null ? [] : [[name, rewards[candidate]!] as const]));
    result.rewards = Object.fromEntries(known);
  }
  const advantage = parts.advantage?.advantages[candidate];
  if (advantage !== undefined && advantage !== null) result.advantage = advantage;
  return result;
}

function statusOf(
  count: Count,
  failure: Failure | undefined,
  verdict: JointVerdict | undefined,
): { readonly status: CandidateStatus; readonly failure: Failure | undefined } {
  if (failure !== undefined) return { status: "failed", failure };
  if (verdict === undefined || verdict.verdict === "satisfied") return { status: count.status, failure: undefined };
  return { status: verdict.verdict === "violated" ? "vetoed" : "failed", failure: verdict.failure };
}

function constraintResult(verdict: JointVerdict, reward: ConstrainedReward | null, detail: Detail): ConstraintResult {
  const { reward: _, ...forOptimisers } = reward ?? { reward: null };
  return { verdict: verdict.verdict, parts: detail === "reward" ? [] : verdict.parts, ...forOptimisers };
}

function judgeParts(panel: Panel, weighted: Weighted, candidate: number, { advantage, detail }: ItemParts) {
  const components = advantage?.components?.[candidate];
  const parts = [];
  let place = 0;
  for (const [index, member] of panel.members.entries()) {
    const standardised = member.standing === "counts" ? components?.[place++] : undefined;
    // What is only audited stays out of the answer, or a trainer could learn from it.
    if (member.standing === "audit") continue;
    const source = {
      member,
      index,
      column: weighted.columns[index]!,
      candidate,
      count: weighted.counts[candidate]!,
      aggregate: weighted.aggregates[candidate],
      advantage: standardised ?? undefined,
    };
    parts.push(judgePart(source, detail));
  }
  return parts;
}
