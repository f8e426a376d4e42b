/** A band of lengths, in any unit. */
export interface LengthBand {
  readonly min: number;
  /** ≥ min. */
  readonly max: number;
  /** Width of the ramps on both sides, ≥ 0; 0 makes a hard band. */
  readonly margin: number;
}

/**
 * Closeness of a length to a band: 1 inside, falling linearly to 0 over `margin` on both sides.
 *
 * @param length ≥ 0, in the unit of the band
 * @returns in [0, 1]
 * @complexity O(1), pure
 * @example lengthBand(25, { min: 10, max: 20, margin: 10 }) // → 0.5
 */
export function lengthBand(length: number, { min, max, margin }: LengthBand): number {
  const outside = Math.max(min - length, length - max, 0);
  if (outside === 0) return 1;
  return margin > 0 ? Math.max(0, 1 - outside / margin) : 0;
}
