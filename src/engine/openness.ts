import type { Member, OpenReason, Panel, Sequence } from "../domain/panel.ts";
import type { Bounds } from "../domain/score-space.ts";
import { countMembers } from "./count-members.ts";
import type { Judgement } from "./judgement.ts";
import type { ScoreColumn } from "./score-column.ts";
import { aggregateColumns, type JudgedItem, type Weighing, type WeightedItem, weighItem } from "./weigh-item.ts";

/** What stands in the place of a judge of a later stage as long as nobody asks it. */
export const NOT_ASKED: Judgement = {
  outcome: "not_asked",
  failure: { reason: "JUDGE_SKIPPED", message: "the stages before left nothing open for this judge", retryable: false },
};

/** Whether the judges that were not asked still matter to an item. */
export interface Openness {
  /** What is open; empty when the item is settled or moot. */
  readonly reasons: readonly OpenReason[];
  /** No candidate can get a reward any more, whatever they say, or all are vetoed. */
  readonly moot: boolean;
}

/**
 * Whether an item is still open after the judges that have been asked. It is looked at as a whole, all candidates of the group, since
 * rewards of one group come from the same judges or do not compare. A candidate that is vetoed, or failed for good, has no say; one
 * that a judge failed to score is open, never decided. Pure.
 *
 * @param judged with {@link NOT_ASKED} for the judges that were not asked
 * @throws {GatewayError} REQUEST_INVALID when the steering leaves a judge without weight
 */
export function opennessOf(panel: Panel, sequence: Sequence, judged: JudgedItem, weighing: Weighing): Openness {
  const weighed = weighItem(panel, judged, weighing);
  const inPlay = judged.item.candidates.flatMap((_, candidate) => (isInPlay(panel, weighed, candidate) ? [candidate] : []));
  if (inPlay.length === 0) return { reasons: [], moot: true };
  const { threshold, best, band, margin, conflict } = sequence;
  const rewards = inPlay.flatMap((candidate) => weighed.rewards[candidate] ?? []).sort((a, b) => b - a);
  const reasons: OpenReason[] = [];
  if (rewards.length < inPlay.length || inPlay.some((candidate) => weighed.counts[candidate]!.missing.length > 0)) reasons.push("missing");
  if (threshold !== undefined || best === true) {
    const reach = reachOf(panel, weighed, inPlay);
    if (threshold !== undefined && !reach.every((each) => isClearOf(threshold, each))) reasons.push("threshold");
    if (best === true && !hasWinner(reach)) reasons.push("best");
  }
  if (band !== undefined && rewards.some((reward) => reward >= band.from && reward <= band.to)) reasons.push("band");
  if (margin !== undefined && rewards.length > 1 && rewards[0]! - rewards[1]! < margin) reasons.push("margin");
  if (conflict !== undefined && inPlay.some((candidate) => spreadOf(panel, weighed, candidate) >= conflict)) reasons.push("conflict");
  return { reasons, moot: false };
}

/** Whether a candidate can come to have a reward: no constraint stands against it, and its members may yet suffice. */
function isInPlay(panel: Panel, weighed: WeightedItem, candidate: number): boolean {
  if (weighed.verdicts !== undefined && weighed.verdicts[candidate]!.verdict !== "satisfied") return false;
  const full = assume(panel, weighed, ({ bounds }) => bounds?.lo ?? 0);
  return countMembers(panel, full, candidate, weighed.weights).status !== "failed";
}

const NOWHERE: Bounds = { lo: -Infinity, hi: Infinity };

/** What a candidate's reward is now, and between what it would end if everybody else were asked and answered. */
interface Reach extends Bounds {
  /** Undefined where it has none yet. */
  readonly now: number | undefined;
}

/**
 * The reach of candidates' rewards: what they would be at either end of the bounds of every member that was not asked. Where a failure
 * policy may bring a number of its own, that belongs to the bounds.
 *
 * @param inPlay places of candidates
 * @returns one per place, same order
 */
function reachOf(panel: Panel, weighed: WeightedItem, inPlay: readonly number[]): Reach[] {
  const { weights, aggregates } = weighed;
  const at = (end: keyof Bounds, otherEnd: keyof Bounds) => {
    const columns = assume(panel, weighed, (member, index) => boundsWith(member)[weights[index]! < 0 ? otherEnd : end]);
    return aggregateColumns(panel, columns, aggregates.length, weights).aggregates;
  };
  const [low, high] = [at("lo", "hi"), at("hi", "lo")];
  return inPlay.map((candidate) => {
    const now = aggregates[candidate]?.reward;
    return { now, lo: low[candidate]?.reward ?? NOWHERE.lo, hi: high[candidate]?.reward ?? NOWHERE.hi };
  });
}

/** Touching a threshold is not clear of it: the side would hang on the last digit of a sum. */
function isClearOf(threshold: number, { now, lo, hi }: Reach): boolean {
  if (now === undefined) return false;
  return Math.min(now, lo) > threshold || Math.max(now, hi) < threshold;
}

/** Whether one candidate is ahead of every other, both now and whatever those that were not asked would say. */
function hasWinner(reach: readonly Reach[]): boolean {
  const safest = Math.max(...reach.map(({ lo }) => lo));
  const winner = reach.find(({ lo }) => lo === safest)!;
  return reach.every((other) => other === winner || (other.hi < winner.lo && (other.now ?? Infinity) < (winner.now ?? -Infinity)));
}

function boundsWith({ bounds = NOWHERE, onFailure }: Member): Bounds {
  if (onFailure.policy !== "impute") return bounds;
  return { lo: Math.min(bounds.lo, onFailure.value), hi: Math.max(bounds.hi, onFailure.value) };
}

/** The members' columns as they would be if those that were not asked had given every candidate a score. */
function assume(panel: Panel, { columns }: WeightedItem, scoreOf: (member: Member, index: number) => number): ScoreColumn[] {
  return columns.map((column, index) => {
    if (!column.judgements.some(({ outcome }) => outcome === "not_asked")) return column;
    const value = scoreOf(panel.members[index]!, index);
    const scored = { outcome: "scored", raw: { outcome: "scored", value }, cached: false, tokens: 0, truncation: undefined } as const;
    const scores = column.judgements.map(() => value);
    const scalars = scores.map(() => ({ value }));
    return { reading: column.reading, judgements: scores.map(() => scored), scalars, calibrated: scores, transformed: scores };
  });
}

/** How far apart the members that count are on one candidate: greatest less least transformed score. */
function spreadOf(panel: Panel, { columns, weights }: WeightedItem, candidate: number): number {
  const scores = panel.members.flatMap((_, index) => (weights[index] === 0 ? [] : (columns[index]!.transformed[candidate] ?? [])));
  return scores.length < 2 ? 0 : Math.max(...scores) - Math.min(...scores);
}
