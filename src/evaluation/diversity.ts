import { requireFinite } from "../reward/missing.ts";
import { sum } from "../reward/numerics.ts";

/**
 * Vendi score: exp of the entropy of the eigenvalues of K/n, the effective number of different candidates in a group. 1 when all are
 * alike, n when none is like another; a fall over training is a collapse.
 *
 * @param similarity K, symmetric and positive semidefinite with ones on the diagonal, shape [n][n], n ≥ 1
 * @returns in [1, n]
 * @throws {GatewayError} SCORE_NOT_FINITE when a similarity is NaN or infinite
 * @complexity O(n³), pure
 * @see Friedman and Dieng 2022, The Vendi Score: A Diversity Evaluation Metric for Machine Learning, arXiv:2210.02410
 * @example vendi([[1, 1], [1, 1]]) // → 1
 */
export function vendi(similarity: readonly (readonly number[])[]): number {
  for (const row of similarity) requireFinite(row, "a similarity");
  const n = similarity.length;
  const shares = eigenvalues(similarity).map((value) => Math.max(0, value) / n);
  return Math.exp(sum(shares.map((share) => (share === 0 ? 0 : -share * Math.log(share)))));
}

/**
 * Eigenvalues of a symmetric matrix by cyclic Jacobi rotations, to about the precision of doubles.
 *
 * @param matrix shape [n][n], symmetric; not changed
 * @returns shape [n], in no order
 * @complexity O(n³) a sweep, a handful of sweeps, pure
 * @see Golub and Van Loan 2013, Matrix Computations, section 8.5
 */
function eigenvalues(matrix: readonly (readonly number[])[]): Float64Array {
  const n = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  const scale = Math.sqrt(sum(a.map((row) => sum(row.map((x) => x * x)))));
  for (let sweep = 0; sweep < 100; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off = Math.max(off, Math.abs(a[p]![q]!));
    if (off <= 1e-15 * scale) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, p, q);
  }
  return Float64Array.from(a, (row, i) => row[i]!);
}

/** Turns the plane of p and q so that a[p][q] becomes 0. */
function rotate(a: Float64Array[], p: number, q: number): void {
  const apq = a[p]![q]!;
  if (apq === 0) return;
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (const row of a) {
    const x = row[p]!;
    const y = row[q]!;
    row[p] = c * x - s * y;
    row[q] = s * x + c * y;
  }
  const rowP = a[p]!;
  const rowQ = a[q]!;
  for (let k = 0; k < a.length; k++) {
    const x = rowP[k]!;
    const y = rowQ[k]!;
    rowP[k] = c * x - s * y;
    rowQ[k] = s * x + c * y;
  }
}
