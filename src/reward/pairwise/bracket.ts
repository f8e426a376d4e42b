/** How far a knockout has come. */
export interface Bracket {
  /** Rounds that the champion goes through: ⌈log₂ N⌉. */
  readonly rounds: number;
  /** Rounds that each candidate came through, in [0, rounds]; the champion's are all. Shape [N]. */
  readonly survived: readonly number[];
  /** Pairs of the round under way that have no result yet; empty when the knockout is over. */
  readonly open: readonly (readonly [number, number])[];
  /** Candidates that left by a pair without a winner, ascending. */
  readonly void: readonly number[];
}

/**
 * Knockout in rounds: neighbours meet, winners go on, and one that is left over goes on without a match and stands first in the next
 * round. N − 1 matches in ⌈log₂ N⌉ rounds; those of one round need not wait for each other. Where preferences are cyclic the winner depends
 * on the order.
 *
 * @param candidates N ≥ 1
 * @param winnerOf   of two candidates: the one who goes on, null when the match gave no result and both leave, undefined when it is
 *   still to be played
 * @complexity O(N), pure
 * @example bracket(3, (a, b) => Math.min(a, b)).survived // → [2, 0, 1]
 */
export function bracket(candidates: number, winnerOf: (a: number, b: number) => number | null | undefined): Bracket {
  const rounds = Math.ceil(Math.log2(Math.max(1, candidates)));
  const survived = new Array<number>(candidates).fill(0);
  const left: number[] = [];
  let alive = Array.from({ length: candidates }, (_, index) => index);
  for (let round = 1; alive.length > 1; round++) {
    const open: [number, number][] = [];
    const next = alive.length % 2 === 1 ? [alive.at(-1)!] : [];
    for (let at = 0; at + 1 < alive.length; at += 2) {
      const [a, b] = [alive[at]!, alive[at + 1]!];
      const winner = winnerOf(a, b);
      if (winner === undefined) open.push([a, b]);
      else if (winner === null) left.push(a, b);
      else next.push(winner);
    }
    if (open.length > 0) return { rounds, survived, open, void: left.toSorted((a, b) => a - b) };
    for (const candidate of next) survived[candidate] = round;
    alive = next;
  }
  for (const champion of alive) survived[champion] = rounds;
  return { rounds, survived, open: [], void: left.toSorted((a, b) => a - b) };
}
