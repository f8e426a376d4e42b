import { requireFinite } from "../missing.ts";
import { sum } from "../numerics.ts";
import { solve, solvePositiveGame } from "./linear.ts";

/** A mixture of candidates that no candidate beats. */
export interface NashMixture {
  /** Shape [N], ≥ 0, summing to 1. */
  readonly mixture: Float64Array;
  /** Σ_j P[i][j]·mixture[j], shape [N], each ≤ ½ within the tolerance: how often a candidate beats the mixture. */
  readonly winsAgainst: Float64Array;
}

/** How the equilibrium is looked for. */
export interface NashOptions {
  /** What counts as 0 in the game's payoffs and in probabilities, > 0; 1e-9 suits probabilities in doubles. */
  readonly tolerance: number;
  /** Groups up to this size are searched support by support, which decides between several equilibria; 12 is quick. */
  readonly maxEnumerated: number;
}

/**
 * Maximin mixture of the symmetric zero-sum game with payoffs A = (P − Pᵀ)/2, which is P − ½ when both orders agree.
 *
 * A candidate that beats or ties all others is the mixture. Among several equilibria of a group up to `maxEnumerated`, one with the
 * smallest support and the lowest indices is taken; larger groups are solved as a linear program, exactly but with any of them. When
 * no candidate beats another the mixture is uniform.
 *
 * @param preferences P[i][j], shape [N][N], all known, N ≥ 1
 * @throws {GatewayError} SCORE_NOT_FINITE when a probability is NaN or infinite
 * @complexity O(2^N·N³) up to `maxEnumerated`, O(N³) in practice above, pure
 * @see Rosset et al. 2024, Direct Nash Optimization: Teaching Language Models to Self-Improve with General Preferences, arXiv:2404.03715
 * @example nash([[0.5, 0.7], [0.3, 0.5]], { tolerance: 1e-9, maxEnumerated: 12 }).mixture[0] // → 1
 */
export function nash(preferences: readonly (readonly number[])[], { tolerance, maxEnumerated }: NashOptions): NashMixture {
  for (const row of preferences) requireFinite(row, "a probability");
  const game = preferences.map((row, i) => Float64Array.from(row, (p, j) => (p - preferences[j]![i]!) / 2));
  const mixture = equilibrium(game, tolerance, maxEnumerated);
  const winsAgainst = Float64Array.from(game, (row) => 0.5 + sum(row.map((payoff, j) => payoff * mixture[j]!)));
  return { mixture, winsAgainst };
}

function equilibrium(game: readonly Float64Array[], tolerance: number, maxEnumerated: number): Float64Array {
  const n = game.length;
  if (game.every((row) => row.every((payoff) => Math.abs(payoff) <= tolerance))) return new Float64Array(n).fill(1 / n);
  // Generic skew-symmetric games have equilibria of odd support only.
  const largest = n <= maxEnumerated ? n : 1;
  for (let size = 1; size <= largest; size += 2) {
    for (const support of combinations(n, size)) {
      const mixture = balanced(game, support, tolerance);
      if (mixture !== undefined) return mixture;
    }
  }
  // 1 + A is positive, since |A| ≤ ½, and has the same equilibria.
  return solvePositiveGame(game.map((row) => row.map((payoff) => 1 + payoff)));
}

/** The mixture on a support against which all of it earns 0, if it is positive there and nothing outside earns more. */
function balanced(game: readonly Float64Array[], support: readonly number[], tolerance: number): Float64Array | undefined {
  // One row depends on the others wherever there is a positive solution, so the sum of 1 takes its place.
  const equations = support.map((i, row) => support.map((j) => (row === support.length - 1 ? 1 : game[i]![j]!)));
  const parts = solve(
    equations,
    support.map((_, row) => (row === support.length - 1 ? 1 : 0)),
    tolerance,
  );
  if (parts === undefined || parts.some((part) => part <= tolerance)) return undefined;
  const mixture = new Float64Array(game.length);
  for (const [place, i] of support.entries()) mixture[i] = parts[place]!;
  return game.every((row) => sum(support.map((j, place) => row[j]! * parts[place]!)) <= tolerance) ? mixture : undefined;
}

/** Every choice of `size` out of 0 … n − 1, in lexicographic order. */
function* combinations(n: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let first = from; first <= n - size; first++) {
    for (const rest of combinations(n, size - 1, first + 1)) yield [first, ...rest];
  }
}
