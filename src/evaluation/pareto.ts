import { requireFinite } from "../reward/missing.ts";

/**
 * Points that no other point dominates: none is at least as high in every objective and higher in one. Of equal points all are kept.
 *
 * @param points objectives to maximise, shape [n][K]
 * @returns indices, ascending
 * @throws {GatewayError} SCORE_NOT_FINITE when an objective is NaN or infinite
 * @complexity O(n²·K), pure
 * @see Liu et al. 2024, C-MORL: Multi-Objective Reinforcement Learning through Efficient Discovery of Pareto Front, arXiv:2410.02236
 * @example paretoFront([[1, 0], [0, 1], [0, 0]]).length // → 2
 */
export function paretoFront(points: readonly (readonly number[])[]): number[] {
  for (const point of points) requireFinite(point, "an objective");
  return points.flatMap((point, i) => (points.some((other) => dominates(other, point)) ? [] : [i]));
}

function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((x, k) => x >= b[k]!) && a.some((x, k) => x > b[k]!);
}

/**
 * Area that points dominate above a reference, for two objectives.
 *
 * @param points    objectives to maximise, shape [n][2]
 * @param reference shape [2]; a point that is not above it in both adds nothing
 * @returns ≥ 0, in the product of both units
 * @throws {GatewayError} SCORE_NOT_FINITE when an objective is NaN or infinite
 * @complexity O(n log n), pure
 * @see Zitzler and Thiele 1999, Multiobjective Evolutionary Algorithms: A Comparative Case Study and the Strength Pareto Approach
 * @example hypervolume([[1, 2], [2, 1]], [0, 0]) // → 3
 */
export function hypervolume(points: readonly (readonly number[])[], reference: readonly number[]): number {
  for (const point of [...points, reference]) requireFinite(point, "an objective");
  const [left, bottom] = reference as [number, number];
  const above = points.filter(([x, y]) => x! > left && y! > bottom).sort(([x1], [x2]) => x2! - x1!);
  let area = 0;
  let reached = bottom;
  for (const [x, y] of above) {
    if (y! <= reached) continue;
    area += (x! - left) * (y! - reached);
    reached = y!;
  }
  return area;
}
