import type { GroupAdvantage } from "../domain/advantage.ts";
import type { ConstrainedReward } from "../domain/constraint.ts";
import type { Item } from "../domain/item.ts";
import type { Panel } from "../domain/panel.ts";
import type { Steering } from "../domain/reward.ts";
import type { CandidateResult, CandidateStatus, ConstraintResult, Detail, Failure, ItemResult, WeightSet } from "../domain/score.ts";
import type { StateSnapshot } from "../domain/state.ts";
import type { Count } from "./count-members.ts";
import { judgePart } from "./judge-part.ts";
import type { JointVerdict } from "./verdicts.ts";
import { type JudgedItem, type WeightedItem, weighItem } from "./weigh-item.ts";

export interface RewardOptions {
  readonly detail: Detail;
  readonly steering?: Steering | undefined;
  readonly weightSets?: readonly WeightSet[] | undefined;
  /** Every state that the panel names, read for this request. */
  readonly states: ReadonlyMap<string, StateSnapshot>;
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
  const weighted = judged.map((each) => weighItem(panel, each, options));
  const advantages = panel.advantages?.estimate(weighted.map((each, index) => groupRewards(panel, each, judged[index]!.item)));
  return judged.map((each, index) => {
    const sets = rewardsBySet(panel, each, options);
    return itemResult(panel, each.item, weighted[index]!, { sets, advantage: advantages?.[index], detail: options.detail });
  });
}

function groupRewards(panel: Panel, { rewards, columns, counts, weights }: WeightedItem, item: Item) {
  const counting = panel.members.flatMap(({ standing }, index) => (standing === "counts" ? [index] : []));
  return {
    rewards,
    components: rewards.map((reward, candidate) =>
      counting.map((index) => (reward === null ? null : (columns[index]!.transformed[candidate] ?? imputedOf(counts[candidate]!, index)))),
    ),
    weights: counting.map((index) => weights[index]!),
    lengths: item.candidates.map(({ tokens }) => tokens ?? null),
  };
}

/** The score that a policy has put in the place of a member's. */
function imputedOf({ imputed, scores }: Count, index: number): number | null {
  return imputed?.has(index) ? scores!.scores[scores!.members.indexOf(index)]! : null;
}

const NONE: readonly never[] = [];

/** Per weight set, the rewards of the candidates. */
function rewardsBySet(panel: Panel, judged: JudgedItem, { weightSets = NONE, steering: asked, states }: RewardOptions): ItemParts["sets"] {
  if (weightSets.length === 0) return NONE;
  return weightSets.map(({ name, steering = asked, memberWeights }) => ({
    name,
    rewards: weighItem(panel, judged, { steering, states, memberWeights }).rewards,
  }));
}

interface ItemParts {
  readonly sets: readonly { readonly name: string; readonly rewards: WeightedItem["rewards"] }[];
  readonly advantage: GroupAdvantage | undefined;
  readonly detail: Detail;
}

function itemResult(panel: Panel, item: Item, weighted: WeightedItem, parts: ItemParts): ItemResult {
  const candidates = item.candidates.map((_, candidate) => candidateResult(panel, weighted, candidate, parts));
  const result: { -readonly [Key in keyof ItemResult]: ItemResult[Key] } = { id: item.id, candidates };
  if (parts.advantage) {
    const { mean, std, zeroVariance } = parts.advantage;
    result.group = { method: panel.advantages!.method, mean, std, zeroVariance };
  }
  if (weighted.summary) result.constrained = weighted.summary;
  return result;
}

/** A result under construction: one shape for all, filled in a fixed order. */
type Draft = { -readonly [Key in keyof CandidateResult]: CandidateResult[Key] };

function candidateResult(panel: Panel, weighted: WeightedItem, candidate: number, parts: ItemParts): CandidateResult {
  const count = weighted.counts[candidate]!;
  const verdict = weighted.verdicts?.[candidate];
  const { status, failure } = statusOf(count, weighted.failures[candidate], verdict);
  const reward = status === "failed" ? null : weighted.rewards[candidate]!;
  const result: Draft = {
    status,
    missing: count.missing.length === 0 ? NONE : count.missing.map((index) => panel.members[index]!.name),
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

function judgeParts(panel: Panel, weighted: WeightedItem, candidate: number, { advantage, detail }: ItemParts) {
  const components = advantage?.components?.[candidate];
  const parts = [];
  let place = 0;
  for (let index = 0; index < panel.members.length; index++) {
    const member = panel.members[index]!;
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
