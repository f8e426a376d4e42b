import { GatewayError } from "../../domain/errors.ts";
import { sum } from "../numerics.ts";

/**
 * Solves A·x = b by elimination with partial pivoting.
 *
 * @param matrix    A, shape [n][n]; not changed
 * @param right     b, shape [n]
 * @param tolerance a pivot up to it counts as 0
 * @returns x, shape [n]; undefined when A is singular
 * @complexity O(n³), pure
 * @example solve([[2]], [4], 1e-12)[0] // → 2
 */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[], tolerance: number): Float64Array | undefined {
  const n = matrix.length;
  const rows = matrix.map((row, i) => Float64Array.from([...row, right[i]!]));
  for (let column = 0; column < n; column++) {
    let best = column;
    for (let i = column + 1; i < n; i++) if (Math.abs(rows[i]![column]!) > Math.abs(rows[best]![column]!)) best = i;
    if (Math.abs(rows[best]![column]!) <= tolerance) return undefined;
    [rows[column], rows[best]] = [rows[best]!, rows[column]!];
    for (let i = column + 1; i < n; i++) subtract(rows[i]!, rows[column]!, rows[i]![column]! / rows[column]![column]!, column);
  }
  const x = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i]!;
    let rest = row[n]!;
    for (let j = i + 1; j < n; j++) rest -= row[j]! * x[j]!;
    x[i] = rest / row[i]!;
  }
  return x;
}

/**
 * Optimal mixture of the column player of a matrix game with positive payoffs to the row player: the linear program max Σy with
 * B·y ≤ 1 and y ≥ 0, by the simplex method; the mixture is y/Σy. The variable that gains most along its edge enters, as far as weights that
 * are kept from step to step tell (Devex), which takes few steps. Where as many in a row as there are variables got no further, Bland's
 * enters, under which the method ends in finitely many.
 *
 * @param payoffs   B, shape [m][n], all > 0
 * @param mostSteps after which it is given up
 * @returns shape [n], ≥ 0, summing to 1
 * @throws {GatewayError} INTERNAL when rounding keeps it from an end
 * @complexity O(m·n) a step, at most `mostSteps` of them, pure
 * @see Dantzig 1963, Linear Programming and Extensions; Bland 1977, New Finite Pivoting Rules for the Simplex Method; Harris 1973, Pivot
 *   Selection Methods of the Devex LP Code
 * @example solvePositiveGame([Float64Array.of(1, 2)])[0] // → 1
 */
export function solvePositiveGame(payoffs: readonly Float64Array[], mostSteps = MOST_STEPS * payoffs[0]!.length): Float64Array {
  const m = payoffs.length;
  const n = payoffs[0]!.length;
  // Columns: variables that are 0, y at first, and the right side. Rows: those that are not, slacks at first, and what one more unit of a
  // column's variable adds to Σy.
  const table = payoffs.map((row) => Float64Array.from({ length: n + 1 }, (_, j) => (j < n ? row[j]! : 1)));
  table.push(Float64Array.from({ length: n + 1 }, (_, j) => (j < n ? 1 : 0)));
  const columns = Array.from({ length: n }, (_, j) => j);
  const basis = payoffs.map((_, i) => n + i);
  const gains = table[m]!;
  const weights = new Float64Array(n).fill(1);
  for (let step = 0, stalled = 0; ; step++) {
    const isStuck = stalled >= n + m;
    const entering = isStuck ? lowest(gains, columns) : steepest(gains, weights);
    if (entering < 0) break;
    // Bland's promise is one of exact numbers, and whoever waits for it would hold up the process.
    if (step === mostSteps)
      throw new GatewayError("INTERNAL", `no mixture of ${n} candidates was found in ${step} steps: score them by winRate`);
    const leaving = bindingRow(table, m, entering, (i, j) =>
      isStuck ? basis[i]! < basis[j]! : table[i]![entering]! > table[j]![entering]!,
    );
    weigh(weights, table[leaving]!, entering);
    const before = gains[n]!;
    exchange(table, leaving, entering);
    stalled = before - gains[n]! > ROUNDING ? 0 : stalled + 1;
    [basis[leaving], columns[entering]] = [columns[entering]!, basis[leaving]!];
  }
  const y = new Float64Array(n);
  for (const [i, variable] of basis.entries()) if (variable < n) y[variable] = Math.max(0, table[i]![n]!);
  const total = sum(y);
  return y.map((part) => part / total);
}

/** The column that gains most for its weight; −1 where none gains. */
function steepest(gains: Float64Array, weights: Float64Array): number {
  let best = -1;
  let most = 0;
  for (let j = 0; j < weights.length; j++) {
    const gain = gains[j]!;
    if (gain <= ROUNDING || gain * gain <= most * weights[j]!) continue;
    best = j;
    most = (gain * gain) / weights[j]!;
  }
  return best;
}

/** The column of the first variable that gains; −1 where none does. */
function lowest(gains: Float64Array, columns: readonly number[]): number {
  let first = -1;
  for (const [j, variable] of columns.entries()) if (gains[j]! > ROUNDING && (first < 0 || variable < columns[first]!)) first = j;
  return first;
}

/** Takes the weights on to the next step: about the square of how far the basis goes with a unit of a column. Too large ones begin anew. */
function weigh(weights: Float64Array, pivotRow: Float64Array, entering: number): void {
  const pivot = pivotRow[entering]!;
  const weight = weights[entering]!;
  let largest = 0;
  for (let j = 0; j < weights.length; j++) {
    const part = pivotRow[j]! / pivot;
    weights[j] = j === entering ? Math.max(1, weight / (pivot * pivot)) : Math.max(weights[j]!, part * part * weight);
    largest = Math.max(largest, weights[j]!);
  }
  if (largest > HEAVIEST) weights.fill(1);
}

/** The row that first stops the entering variable; among equals the first by the given order. Payoffs > 0: one does. */
function bindingRow(
  table: readonly Float64Array[],
  rows: number,
  entering: number,
  precedes: (i: number, other: number) => boolean,
): number {
  const last = table[0]!.length - 1;
  const limit = (i: number) => table[i]![last]! / table[i]![entering]!;
  let leaving = -1;
  for (let i = 0; i < rows; i++) {
    if (table[i]![entering]! <= ROUNDING) continue;
    const difference = leaving < 0 ? -1 : limit(i) - limit(leaving);
    if (difference < -ROUNDING || (difference <= ROUNDING && precedes(i, leaving))) leaving = i;
  }
  return leaving;
}

/** What rounding leaves of a 0, after hundreds of steps, in a table whose entries are near 1. */
const ROUNDING = 1e-9;
/** Times the columns; games of 256 candidates take some three. */
const MOST_STEPS = 100;
/** Weights beyond say little of the columns. */
const HEAVIEST = 1e8;

/** Lets the variables of a row and a column change places, by row operations. */
function exchange(rows: Float64Array[], at: number, column: number): void {
  const pivotRow = rows[at]!;
  const pivot = pivotRow[column]!;
  for (let j = 0; j < pivotRow.length; j++) pivotRow[j] = pivotRow[j]! / pivot;
  pivotRow[column] = 1 / pivot;
  for (const [i, row] of rows.entries()) {
    const factor = row[column]!;
    if (i === at || factor === 0) continue;
    row[column] = 0;
    subtract(row, pivotRow, factor, 0);
  }
}

/** Takes a multiple of a row off another, from one column on. */
function subtract(row: Float64Array, other: Float64Array, factor: number, from: number): void {
  if (factor === 0) return;
  for (let j = from; j < row.length; j++) row[j] = row[j]! - factor * other[j]!;
}
