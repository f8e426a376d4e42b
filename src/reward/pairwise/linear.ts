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
 * B·y ≤ 1 and y ≥ 0, by the simplex method; the mixture is y/Σy. The variable that gains most enters, which takes few steps. Where as many in a
 * row as there are variables got no further, Bland's enters, under which the method ends in finitely many.
 *
 * @param payoffs   B, shape [m][n], all > 0
 * @param mostSteps after which it is given up
 * @returns shape [n], ≥ 0, summing to 1
 * @throws {GatewayError} INTERNAL when rounding keeps it from an end
 * @complexity O(m·(m + n)) a step, at most `mostSteps` of them, pure
 * @see Dantzig 1963, Linear Programming and Extensions; Bland 1977, New Finite Pivoting Rules for the Simplex Method
 * @example solvePositiveGame([Float64Array.of(1, 2)])[0] // → 1
 */
export function solvePositiveGame(payoffs: readonly Float64Array[], mostSteps = MOST_STEPS * payoffs[0]!.length): Float64Array {
  const m = payoffs.length;
  const n = payoffs[0]!.length;
  // Columns: y, slacks, right side. Last row: what one more unit of a variable adds to Σy.
  const table = payoffs.map((row, i) =>
    Float64Array.from({ length: n + m + 1 }, (_, j) => (j < n ? row[j]! : j === n + i || j === n + m ? 1 : 0)),
  );
  table.push(Float64Array.from({ length: n + m + 1 }, (_, j) => (j < n ? 1 : 0)));
  const basis = payoffs.map((_, i) => n + i);
  const gains = table[m]!;
  const last = n + m;
  for (let step = 0, stalled = 0; ; step++) {
    let entering = gains.findIndex((gain, j) => j < last && gain > ROUNDING);
    if (entering < 0) break;
    if (stalled < last) for (let j = entering + 1; j < last; j++) if (gains[j]! > gains[entering]!) entering = j;
    // Bland's promise is one of exact numbers, and whoever waits for it would hold up the process.
    if (step === mostSteps)
      throw new GatewayError("INTERNAL", `no mixture of ${n} candidates was found in ${step} steps: score them by winRate`);
    const leaving = bindingRow(table, m, entering, (i, j) =>
      stalled < last ? table[i]![entering]! > table[j]![entering]! : basis[i]! < basis[j]!,
    );
    const before = gains[last]!;
    eliminate(table, leaving, entering);
    stalled = before - gains[last]! > ROUNDING ? 0 : stalled + 1;
    basis[leaving] = entering;
  }
  const y = new Float64Array(n);
  for (const [i, variable] of basis.entries()) if (variable < n) y[variable] = Math.max(0, table[i]![n + m]!);
  const total = sum(y);
  return y.map((part) => part / total);
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
/** Times the columns; games of a hundred candidates take some three, and of 256 some seven. */
const MOST_STEPS = 100;

/** Makes a column the unit vector of a row, by row operations. */
function eliminate(rows: Float64Array[], at: number, column: number): void {
  const pivotRow = rows[at]!;
  const pivot = pivotRow[column]!;
  for (let j = 0; j < pivotRow.length; j++) pivotRow[j] = pivotRow[j]! / pivot;
  for (const [i, row] of rows.entries()) if (i !== at) subtract(row, pivotRow, row[column]!, 0);
}

/** Takes a multiple of a row off another, from one column on. */
function subtract(row: Float64Array, other: Float64Array, factor: number, from: number): void {
  if (factor === 0) return;
  for (let j = from; j < row.length; j++) row[j] = row[j]! - factor * other[j]!;
}
