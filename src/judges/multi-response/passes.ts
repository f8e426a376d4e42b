import { baselineIndices, type Item } from "../../domain/item.ts";
import { sum } from "../../reward/numerics.ts";
import { joinBlocks, overlappingBlocks } from "./blocks.ts";
import { averageOverOrders, cyclicOrders, type OrderedRun } from "./order-bias.ts";

/** How a judge that reads several candidates at once is asked about a group. */
export interface PassOptions {
  /** Most candidates of one pass. */
  readonly most: number;
  /** Whether a candidate's score depends on the others of its pass. */
  readonly company: "seen" | "unseen";
  /** Orders that each pass is repeated in, at most as many as it has candidates. */
  readonly orders: number;
  /** Candidates that all passes share where a group takes several; read where company is seen. */
  readonly anchors: number;
}

/** Candidates that are scored together, and the orders to ask in. */
interface Block {
  /** Indices into `item.candidates`. */
  readonly members: readonly number[];
  /** Slot → index into `members`. */
  readonly orders: readonly (readonly number[])[];
}

/** The passes over one item. */
export interface PassPlan {
  /** Slot → index into `item.candidates`, in the order in which the passes are asked. */
  readonly passes: readonly (readonly number[])[];
  /** How many of them, at the start, are of the group alone; baselines are read in the others. */
  readonly ofGroup: number;
  /** Scores of all candidates from those of the passes, slot by slot. */
  join(scores: readonly (readonly number[])[]): JoinedScores;
}

/** What the passes say together. */
export interface JoinedScores {
  /** By candidate of the item, shape [N]. */
  readonly scores: readonly number[];
  /** By candidate: how far its score moves with the order, largest less least over the orders of its passes; undefined with one order. */
  readonly orderSpreads: readonly number[] | undefined;
}

/**
 * Plans the passes over an item. Where candidates see each other, baselines stand in passes of their own beside candidates of the
 * group, and their scores are shifted to the group's level: what they are compared with is not changed by them.
 *
 * @throws {GatewayError} CONFIG_INVALID when the group takes several passes and anchors leave no room
 * @complexity O(passes · most), pure
 * @example planPasses({ id: "i", prompt: [], candidates: ["a", "b", "c"].map((content) => ({ content })) }, { most: 2, company: "unseen", orders: 1, anchors: 1 }).passes // → [[0, 1], [2]]
 */
export function planPasses(item: Item, options: PassOptions): PassPlan {
  const strangers = baselineIndices(item);
  const own = [...item.candidates.keys()].filter((index) => !strangers.includes(index));
  if (options.company === "unseen") {
    const group = cut(own, options.most);
    const passes = [...group, ...cut(strangers, options.most)];
    const join = (scores: readonly (readonly number[])[]) => {
      const found = new Map(passes.flatMap((members, pass) => members.map((member, slot) => [member, scores[pass]![slot]!] as const)));
      return { scores: byCandidate(found), orderSpreads: undefined };
    };
    return { passes, ofGroup: group.length, join };
  }
  const group = overlappingBlocks(own.length, options.most, options.anchors).map((block) => block.map((at) => own[at]!));
  const company = own.slice(0, Math.max(1, Math.min(own.length, options.most - Math.max(1, strangers.length))));
  const beside = cut(strangers, options.most - company.length).map((members) => [...company, ...members]);
  const blocks = [...group, ...beside].map((members): Block => {
    return { members, orders: cyclicOrders(members.length, Math.min(options.orders, members.length)) };
  });
  return {
    passes: blocks.flatMap(({ members, orders }) => orders.map((order) => order.map((at) => members[at]!))),
    ofGroup: blocks.slice(0, group.length).reduce((passes, { orders }) => passes + orders.length, 0),
    join: (scores) => joinPasses(blocks, group.length, own, company, scores, options),
  };
}

function joinPasses(
  blocks: readonly Block[],
  ofGroup: number,
  own: readonly number[],
  company: readonly number[],
  scores: readonly (readonly number[])[],
  { anchors, orders }: PassOptions,
): JoinedScores {
  const joined = new Map<number, number>();
  const spreads = new Map<number, number>();
  let next = 0;
  const averaged = blocks.map(({ members, orders: asked }) => {
    const runs = asked.map((order): OrderedRun => ({ order, scores: scores[next++]! }));
    const { scores: means } = averageOverOrders(runs);
    for (const [at, member] of members.entries()) {
      const values = runs.map((run) => run.scores[run.order.indexOf(at)]!);
      spreads.set(member, Math.max(spreads.get(member) ?? 0, Math.max(...values) - Math.min(...values)));
    }
    return [...means];
  });
  const group = blocks
    .slice(0, ofGroup)
    .map(({ members }, b) => ({ candidates: members.map((member) => own.indexOf(member)), scores: averaged[b]! }));
  const ofOwn = group.length === 1 ? group[0]!.scores : joinBlocks(group, anchors);
  for (const [at, score] of ofOwn.entries()) joined.set(own[at]!, score);
  const level = mean(company.map((member) => joined.get(member)!));
  for (const [b, { members }] of blocks.entries()) {
    if (b < ofGroup) continue;
    const shift = level - mean(averaged[b]!.slice(0, company.length));
    for (const [at, member] of members.entries()) if (at >= company.length) joined.set(member, averaged[b]![at]! + shift);
  }
  return { scores: byCandidate(joined), orderSpreads: orders === 1 ? undefined : byCandidate(spreads) };
}

function byCandidate(values: ReadonlyMap<number, number>): number[] {
  return [...values].sort(([a], [b]) => a - b).map(([, value]) => value);
}

function cut(candidates: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(candidates.length / size) }, (_, block) => candidates.slice(block * size, (block + 1) * size));
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
