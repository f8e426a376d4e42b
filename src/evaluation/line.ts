import { sum } from "../reward/numerics.ts";

/** Least-squares line through points. */
export interface Line {
  readonly slope: number;
  readonly meanX: number;
  readonly meanY: number;
  /** x is constant: the slope is 0 by convention. */
  readonly degenerate: boolean;
}

/**
 * Slope of y over x by ordinary least squares: Σ (x − x̄)(y − ȳ) / Σ (x − x̄)².
 *
 * @param x shape [n], n ≥ 1
 * @param y shape [n]
 * @complexity O(n), pure
 * @example fitLine([0, 1, 2], [1, 3, 5]).slope // → 2
 */
export function fitLine(x: ArrayLike<number>, y: ArrayLike<number>): Line {
  const meanX = sum(x) / x.length;
  const meanY = sum(y) / y.length;
  const from = Float64Array.from(x, (value) => value - meanX);
  const spread = sum(from.map((value) => value * value));
  const slope = spread === 0 ? 0 : sum(from.map((value, i) => value * (y[i]! - meanY))) / spread;
  return { slope, meanX, meanY, degenerate: spread === 0 };
}
