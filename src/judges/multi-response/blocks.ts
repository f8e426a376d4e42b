import { GatewayError } from "../../domain/errors.ts";
import { requireFinite } from "../../reward/missing.ts";
import { sum } from "../../reward/numerics.ts";

/**
 * Splits candidates into blocks for a judge that reads only so many at once. The first candidates, the anchors, stand in every block, so
 * that scores of different passes can be joined.
 *
 * @param candidates N ≥ 1
 * @param size       most candidates in a block, > anchors
 * @param anchors    candidates that all blocks share, ≥ 1
 * @returns candidates of each block, anchors first; one block where all fit
 * @throws {GatewayError} CONFIG_INVALID when a block has no room beside the anchors, or there is none
 * @complexity O(N · size / (size − anchors)), pure
 * @example overlappingBlocks(5, 3, 1) // → [[0, 1, 2], [0, 3, 4]]
 */
export function overlappingBlocks(candidates: number, size: number, anchors: number): number[][] {
  if (anchors < 1 || size <= anchors) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `blocks of ${size} candidates with ${anchors} anchors: give at least one anchor, and fewer than a block holds`,
    );
  }
  const all = [...Array(candidates).keys()];
  if (candidates <= size) return [all];
  const shared = all.slice(0, anchors);
  const room = size - anchors;
  return Array.from({ length: Math.ceil((candidates - anchors) / room) }, (_, block) => {
    const start = anchors + block * room;
    return [...shared, ...all.slice(start, start + room)];
  });
}

/** One pass over some of the candidates. */
export interface ScoredBlock {
  readonly candidates: readonly number[];
  /** One per candidate of the block, same order. */
  readonly scores: readonly number[];
}

/**
 * Joins the scores of several passes, each of which means something only within itself: every block is shifted until the mean of the anchors
 * is that of the first block. A candidate that stands in several blocks gets the mean of its shifted scores.
 *
 * What a shift cannot mend stays: where a judge spreads the candidates of one block wider than those of another, so do the joined scores.
 *
 * @param blocks  at least one; together they hold candidates 0 to N − 1
 * @param anchors candidates 0 to anchors − 1 stand in every block; ≥ 1
 * @returns shape [N], at the level of the first block
 * @throws {GatewayError} REQUEST_INVALID when an anchor or a candidate is missing; SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(sum of block sizes), pure
 * @see Yang et al. 2026, You Only Judge Once: Multi-response Reward Modeling in a Single Forward Pass, arXiv:2604.10966, for the judge; joining passes is ours
 * @example joinBlocks([{ candidates: [0, 1], scores: [1, 2] }, { candidates: [0, 2], scores: [5, 9] }], 1)[2] // → 5
 */
export function joinBlocks(blocks: readonly ScoredBlock[], anchors: number): Float64Array {
  const levels = blocks.map(({ candidates, scores }) => {
    requireFinite(scores, "a score of the pass");
    const shared = scores.filter((_, i) => candidates[i]! < anchors);
    if (shared.length !== anchors || scores.length !== candidates.length) {
      throw new GatewayError(
        "REQUEST_INVALID",
        `a block holds ${shared.length} of ${anchors} anchors: every block holds all of them, and a score per candidate`,
      );
    }
    return sum(shared) / anchors;
  });
  const shifted = new Map<number, number[]>();
  for (const [b, { candidates, scores }] of blocks.entries()) {
    for (const [i, candidate] of candidates.entries()) {
      shifted.set(candidate, [...(shifted.get(candidate) ?? []), scores[i]! - levels[b]! + levels[0]!]);
    }
  }
  return Float64Array.from({ length: shifted.size }, (_, candidate) => {
    const scores = shifted.get(candidate);
    if (scores === undefined) throw new GatewayError("REQUEST_INVALID", `candidate ${candidate} stands in no block: score every one`);
    return sum(scores) / scores.length;
  });
}
