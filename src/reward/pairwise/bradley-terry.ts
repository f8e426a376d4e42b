import { GatewayError } from "../../domain/errors.ts";
import { requireFinite } from "../missing.ts";
import { sigmoid, sum } from "../numerics.ts";
import { solve } from "./linear.ts";

/** How strengths are fitted. */
export interface BradleyTerryOptions {
  /** Pseudo-wins of each candidate over each other one, ≥ 0; above 0 an undefeated candidate stays finite. */
  readonly prior: number;
  /** Largest change of a log-strength in the last round, > 0. */
  readonly tolerance: number;
  /** Some ten rounds are enough for close strengths, and as many as there are logits between the outermost for others. */
  readonly maxRounds: number;
}

/**
 * Bradley–Terry strengths from counts of wins: θ maximises Σ_ij w[i][j]·log σ(θ[i] − θ[j]), with Σθ = 0, by Newton's steps. A step in
 * which differences change by up to r is shortened to log(1 + r)/r of itself, which never goes down: the curvature of log σ changes by
 * at most e^r on its way.
 *
 * @param wins how often i won against j, shape [N][N], ≥ 0, fractions allowed; the diagonal is not read
 * @returns log-strengths θ, logits, shape [N]
 * @throws {GatewayError} REQUEST_INVALID when without a prior some candidates never lost to the rest, so that no finite strengths
 *   exist, or when `maxRounds` were not enough; SCORE_NOT_FINITE when a count is NaN or infinite
 * @complexity O(N³) a round, pure
 * @see Bach 2010, Self-concordant analysis for logistic regression; Hunter 2004, MM Algorithms for Generalized Bradley–Terry Models
 * @example bradleyTerry([[0, 1], [1, 0]], { prior: 0, tolerance: 1e-12, maxRounds: 100 })[0] // → 0
 */
export function bradleyTerry(wins: readonly (readonly number[])[], options: BradleyTerryOptions): Float64Array {
  const { prior, tolerance, maxRounds } = options;
  for (const row of wins) requireFinite(row, "a count of wins");
  const n = wins.length;
  const won = wins.map((row, i) => Float64Array.from(row, (count, j) => (i === j ? 0 : count + prior)));
  if (!everyoneReachesEveryone(won)) {
    const what = "some candidates never lost to the others, or were never compared with them";
    throw new GatewayError("REQUEST_INVALID", `${what}, so that no finite strengths exist: set a prior above 0 or compare more`);
  }
  let theta: Float64Array = new Float64Array(n);
  if (n < 2) return theta;
  for (let round = 0; round < maxRounds; round++) {
    const step = newtonStep(won, theta);
    const reach = Math.max(...step) - Math.min(...step);
    // Beyond what doubles hold there is no step.
    if (!Number.isFinite(reach)) break;
    const share = reach > 0 ? Math.log1p(reach) / reach : 1;
    theta = theta.map((value, i) => value + share * step[i]!);
    if (step.every((change) => Math.abs(change) <= tolerance)) return theta;
  }
  throw new GatewayError("REQUEST_INVALID", `strengths still move after ${maxRounds} rounds: allow more of them, or set a larger prior`);
}

/** The step to the maximum of the parabola that touches the likelihood at θ; its mean is 0, NaN where the parabola is flat. */
function newtonStep(won: readonly Float64Array[], theta: Float64Array): Float64Array {
  const n = won.length;
  const chance = Array.from(theta, (own) => theta.map((other) => sigmoid(own - other)));
  // Wins beyond expectation, as differences of small numbers where a pair's outcome is nearly certain.
  const slope = won.map((row, i) => sum(row.map((count, j) => count * chance[j]![i]! - won[j]![i]! * chance[i]![j]!)));
  const curvature = won.map((row, i) => row.map((count, j) => (count + won[j]![i]!) * chance[i]![j]! * chance[j]![i]!));
  // Only differences count, so the first stays where it is until the mean is taken off.
  const rows = curvature.slice(1).map((row, i) => Array.from(row.slice(1), (value, j) => (i === j ? sum(row) : -value)));
  const rest = solve(rows, slope.slice(1), 0) ?? new Float64Array(n - 1).fill(Number.NaN);
  const step = Float64Array.of(0, ...rest);
  const mean = sum(step) / n;
  return step.map((change) => change - mean);
}

/** Whether from every candidate a chain of wins leads to every other one: then, and only then, is there a finite maximum. */
function everyoneReachesEveryone(won: readonly Float64Array[]): boolean {
  const reached = (step: (from: number, to: number) => boolean) => {
    const seen = new Set([0]);
    for (const from of seen) for (let to = 0; to < won.length; to++) if (step(from, to)) seen.add(to);
    return seen.size;
  };
  const n = won.length;
  return reached((from, to) => won[from]![to]! > 0) >= n && reached((from, to) => won[to]![from]! > 0) >= n;
}
