import { GatewayError } from "../../domain/errors.ts";
import { requireFinite } from "../../reward/missing.ts";
import { sum } from "../../reward/numerics.ts";
import { argMax } from "../../reward/ranks.ts";

/**
 * Orders in which to ask the same candidates: cyclic shifts, spread evenly. With as many orders as candidates they form a Latin
 * square: every candidate stands in every slot once.
 *
 * @param candidates N ≥ 1
 * @param runs       how many orders, at most N; min(N, 4) is usual
 * @returns one order per run: slot → candidate
 * @throws {GatewayError} REQUEST_INVALID when there are more runs than candidates, or none
 * @complexity O(N · runs), pure
 * @example cyclicOrders(3, 3)[1] // → [1, 2, 0]
 */
export function cyclicOrders(candidates: number, runs: number): number[][] {
  if (!Number.isInteger(runs) || runs < 1 || runs > candidates) {
    throw new GatewayError("REQUEST_INVALID", `${runs} orders of ${candidates} candidates: ask for 1 to ${candidates}`);
  }
  return Array.from({ length: runs }, (_, run) => {
    const shift = Math.floor((run * candidates) / runs);
    return Array.from({ length: candidates }, (_, slot) => (slot + shift) % candidates);
  });
}

/** One forward pass over the candidates in one order. */
export interface OrderedRun {
  /** Slot → candidate, shape [N]. */
  readonly order: readonly number[];
  /** Score of each slot, shape [N]. */
  readonly scores: readonly number[];
}

/** What the order of candidates does to a judge, and scores with less of it. */
export interface OrderAverage {
  /** Mean score of each candidate over the runs, shape [N]; over a Latin square, free of what a slot adds. */
  readonly scores: Float64Array;
  /** What standing in a slot adds: mean score of the slot less the mean of all, shape [N]. */
  readonly slotEffects: Float64Array;
  /** Share of the scores' variance that slots explain, in [0, 1]; 0 when all scores are equal. */
  readonly slotShare: number;
  /** Share of it that candidates explain, in [0, 1]. */
  readonly candidateShare: number;
  /** Share of the runs whose best candidate is not the best on average, in [0, 1]. */
  readonly flipRate: number;
  /** Largest slot effect less the least: as far as the order of one pass can shift one candidate against another, where slots only add. */
  readonly biasBound: number;
  /** Every candidate stood in every slot equally often; otherwise slot effects hold part of what candidates differ in. */
  readonly balanced: boolean;
}

/**
 * Averages the same candidates over several orders. The specification leaves open against what a flip is counted; here it is the best
 * candidate on average, which fits its worked vectors.
 *
 * @param runs at least one, all over the same N candidates
 * @param centre whether each run's mean is taken off first, for judges whose scores have a level of their own in every pass
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite; REQUEST_INVALID when an order is not one of N candidates
 * @complexity O(N · runs), pure
 * @see Yang et al. 2026, You Only Judge Once: Multi-response Reward Modeling in a Single Forward Pass, arXiv:2604.10966, for the judge; the measures are ours
 * @example averageOverOrders([{ order: [0, 1], scores: [2, 1] }, { order: [1, 0], scores: [2, 1] }]).slotShare // → 1
 */
export function averageOverOrders(runs: readonly OrderedRun[], { centre = false }: { readonly centre?: boolean } = {}): OrderAverage {
  if (runs.length === 0) throw new GatewayError("REQUEST_INVALID", "there is no run to average: ask in at least one order");
  const n = runs[0]!.order.length;
  for (const run of runs) requireOrder(run, n);
  const bySlot = runs.map(({ scores }) => (centre ? centred(scores) : Float64Array.from(scores)));
  const byCandidate = runs.map(({ order }, run) => inverted(order).map((slot) => bySlot[run]![slot]!));
  const all = bySlot.flatMap((scores) => [...scores]);
  const mean = meanOf(all);
  const scores = columnMeans(byCandidate, n);
  const slotEffects = columnMeans(bySlot, n).map((slot) => slot - mean);
  const total = all.every((score) => score === all[0]) ? 0 : sum(all.map((score) => (score - mean) ** 2));
  const share = (effects: Float64Array) =>
    total === 0 ? 0 : Math.min(1, (runs.length * sum(effects.map((effect) => effect ** 2))) / total);
  const best = argMax(scores);
  return {
    scores,
    slotEffects,
    slotShare: share(slotEffects),
    candidateShare: share(scores.map((score) => score - mean)),
    flipRate: byCandidate.filter((run) => argMax(run) !== best).length / runs.length,
    biasBound: Math.max(...slotEffects) - Math.min(...slotEffects),
    balanced: isBalanced(runs, n),
  };
}

/** Above these, the order of candidates decides too much: 10 % of the variance, one flip in five. */
export const ORDER_BIAS_LIMITS = { slotShare: 0.1, flipRate: 0.2 } as const;

/**
 * Whether the order of candidates decides more than {@link ORDER_BIAS_LIMITS} allow.
 *
 * @complexity O(1), pure
 * @example isOrderBiased({ slotShare: 0.05, flipRate: 0.5 }) // → true
 */
export function isOrderBiased({ slotShare, flipRate }: Pick<OrderAverage, "slotShare" | "flipRate">): boolean {
  return slotShare > ORDER_BIAS_LIMITS.slotShare || flipRate > ORDER_BIAS_LIMITS.flipRate;
}

/**
 * Scores of a single pass less what its slots are known to add.
 *
 * @param scores  shape [N], slot by slot
 * @param effects slot effects that were measured before, shape at least [N]
 * @throws {GatewayError} CONFIG_INVALID when a slot has no effect on record
 * @complexity O(N), pure
 * @example withoutSlotEffects([1, 1], [0.5, -0.5])[0] // → 0.5
 */
export function withoutSlotEffects(scores: readonly number[], effects: ArrayLike<number>): Float64Array {
  if (effects.length < scores.length) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `slot effects are known for ${effects.length} candidates, not ${scores.length}: measure them, or average over orders`,
    );
  }
  return Float64Array.from(scores, (score, slot) => score - effects[slot]!);
}

function requireOrder({ order, scores }: OrderedRun, n: number): void {
  const seen = new Set(order.filter((candidate) => Number.isInteger(candidate) && candidate >= 0 && candidate < n));
  if (n === 0 || order.length !== n || seen.size !== n || scores.length !== n) {
    throw new GatewayError("REQUEST_INVALID", `a run of ${scores.length} scores has no order of the same ${n} candidates: name each once`);
  }
  requireFinite(scores, "a score of the pass");
}

function isBalanced(runs: readonly OrderedRun[], n: number): boolean {
  const counts = new Map<number, number>();
  for (const { order } of runs)
    for (const [slot, candidate] of order.entries()) {
      const cell = slot * n + candidate;
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
  return counts.size === n * n && new Set(counts.values()).size === 1;
}

function centred(scores: readonly number[]): Float64Array {
  const mean = meanOf(scores);
  return Float64Array.from(scores, (score) => score - mean);
}

/** Candidate → slot. */
function inverted(order: readonly number[]): number[] {
  const slots = new Array<number>(order.length);
  for (const [slot, candidate] of order.entries()) slots[candidate] = slot;
  return slots;
}

function columnMeans(rows: readonly ArrayLike<number>[], columns: number): Float64Array {
  return Float64Array.from({ length: columns }, (_, column) => meanOf(rows.map((row) => row[column]!)));
}

function meanOf(values: readonly number[]): number {
  return sum(values) / values.length;
}
