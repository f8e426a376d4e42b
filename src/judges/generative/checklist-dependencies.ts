import { GatewayError } from "../../domain/errors.ts";
import type { Optional } from "../../reward/missing.ts";
import { sum } from "../../reward/numerics.ts";
import { type Answer, requireWeights, requireWidth } from "./checklist-score.ts";

/** An item that only counts after others. */
export interface DependentItem {
  /** ≥ 0; weights are scaled to sum 1. */
  readonly weight: number;
  /** Indices of the items that must have been credited at an earlier step. */
  readonly dependsOn: readonly number[];
}

/** What each item earned, and all of them together. */
export interface DependentScore {
  /** In [0, 1], shape [K]; null where a missing answer leaves it open. */
  readonly items: readonly Optional[];
  /** Weighted mean over the items that are known, in [0, 1]; null when none is. */
  readonly score: Optional;
}

/**
 * Credits checklist items step by step: an item is credited at the first step where it holds and all that it depends on was credited
 * before, and earns η^(steps that passed between). Steps before the first item count from the start of the trajectory.
 *
 * An item that was not judged at some step, and is not credited at a later one, is left open, and with it what depends on it; the others
 * share its weight.
 *
 * @param steps answers at each step, shape [T][K]
 * @param eta   what a step of delay leaves, in [0, 1]; 1 for none
 * @throws {GatewayError} REQUEST_INVALID when an item depends on itself, in whatever way, or on one that does not exist, or when answers
 *   and items do not fit
 * @complexity O(T·K + dependencies), pure
 * @see Zhang et al. 2026, CM2: Reinforcement Learning with Checklist Rewards for Multi-Turn and Multi-Step Agentic Tool Use, arXiv:2602.12268
 * @example creditDependencies([{ weight: 1, dependsOn: [] }], [[false], [true]], 0.5).score // → 0.5
 */
export function creditDependencies(items: readonly DependentItem[], steps: readonly (readonly Answer[])[], eta: number): DependentScore {
  requireWeights(
    items.map(({ weight }) => weight),
    "the trajectory",
  );
  requireWidth(steps, items.length, "the trajectory");
  const credits = new Array<Credit>(items.length);
  for (const k of dependencyOrder(items)) {
    const column = steps.map((answers) => answers[k]!);
    credits[k] = creditOf(
      column,
      items[k]!.dependsOn.map((other) => credits[other]!),
    );
  }
  const earned = credits.map(({ at, after }) => (at === null ? null : at === undefined ? 0 : eta ** (at - after - 1)));
  const known = items.flatMap(({ weight }, k) => (earned[k] === null ? [] : [{ weight, value: earned[k]! }]));
  const total = sum(known.map(({ weight }) => weight));
  return { items: earned, score: total === 0 ? null : sum(known.map(({ weight, value }) => weight * value)) / total };
}

/** The step at which an item was credited: undefined for never, null for not known. */
interface Credit {
  readonly at: number | undefined | null;
  /** The step of the last of what it depends on; −1 when it depends on nothing. */
  readonly after: number;
}

function creditOf(answers: readonly Answer[], dependencies: readonly Credit[]): Credit {
  if (dependencies.some(({ at }) => at === undefined)) return { at: undefined, after: -1 };
  if (dependencies.some(({ at }) => at === null)) return { at: null, after: -1 };
  const after = dependencies.reduce((latest, { at }) => Math.max(latest, at!), -1);
  const at = answers.indexOf(true, after + 1);
  if (at >= 0) return { at, after };
  return { at: answers.includes(null, after + 1) ? null : undefined, after };
}

/**
 * The items of a checklist in an order in which each comes after what it depends on.
 *
 * @throws {GatewayError} REQUEST_INVALID when there is no such order, or an item depends on one that does not exist
 * @complexity O(items + dependencies), pure
 * @example dependencyOrder([{ weight: 1, dependsOn: [1] }, { weight: 1, dependsOn: [] }]) // → [1, 0]
 */
export function dependencyOrder(items: readonly DependentItem[]): number[] {
  const waiting = items.map(({ dependsOn }) => new Set(dependsOn).size);
  const dependents = items.map((): number[] => []);
  for (const [k, { dependsOn }] of items.entries()) {
    for (const other of new Set(dependsOn)) {
      if (dependents[other] === undefined) throw invalid(`item ${k} depends on item ${other}, which does not exist`);
      dependents[other].push(k);
    }
  }
  const order = [...items.keys()].filter((k) => waiting[k] === 0);
  for (const k of order) for (const next of dependents[k]!) if (--waiting[next]! === 0) order.push(next);
  if (order.length < items.length) {
    const caught = waiting.findIndex((count) => count > 0);
    throw invalid(`item ${caught} can never be credited, since it depends on a circle of items`);
  }
  return order;
}

function invalid(what: string): GatewayError {
  return new GatewayError("REQUEST_INVALID", `${what}: correct \`dependsOn\` of the checklist`);
}
