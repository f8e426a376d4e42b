import { GatewayError } from "../../domain/errors.ts";
import { requireFinite } from "../missing.ts";
import { sum } from "../numerics.ts";

/** How strengths are fitted. */
export interface BradleyTerryOptions {
  /** Pseudo-wins of each candidate over each other one, ≥ 0; above 0 an undefeated candidate stays finite. */
  readonly prior: number;
  /** Largest change of a log-strength in the last round, > 0. */
  readonly tolerance: number;
  readonly maxRounds: number;
}

/**
 * Bradley–Terry strengths from counts of wins: θ maximises Σ_ij w[i][j]·log σ(θ[i] − θ[j]), by minorisation–maximisation, with
 * Σθ = 0.
 *
 * @param wins how often i won against j, shape [N][N], ≥ 0, fractions allowed; the diagonal is not read
 * @returns log-strengths θ, logits, shape [N]
 * @throws {GatewayError} REQUEST_INVALID when without a prior some candidates never lost to the rest, so that no finite strengths
 *   exist, or when `maxRounds` were not enough; SCORE_NOT_FINITE when a count is NaN or infinite
 * @complexity O(N²) a round, pure
 * @see Hunter 2004, MM Algorithms for Generalized Bradley–Terry Models
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
  const total = won.map((row) => sum(row));
  let theta: Float64Array = new Float64Array(n);
  for (let round = 0; round < maxRounds; round++) {
    const before = theta;
    const strength = theta.map(Math.exp);
    for (let i = 0; i < n; i++) {
      const shares = won[i]!.map((count, j) => (i === j ? 0 : (count + won[j]![i]!) / (strength[i]! + strength[j]!)));
      // Later candidates use the new strength at once, which halves the rounds.
      if (n > 1) strength[i] = total[i]! / sum(shares);
    }
    const logs = strength.map(Math.log);
    const mean = sum(logs) / n;
    theta = logs.map((log) => log - mean);
    if (theta.every((value, i) => Math.abs(value - before[i]!) <= tolerance)) return theta;
  }
  throw new GatewayError("REQUEST_INVALID", `strengths still move after ${maxRounds} rounds: allow more of them, or set a larger prior`);
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
