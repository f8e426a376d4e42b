/**
 * Numbers that a text decides and that look drawn: the same text gives the same ones, and who does not know it cannot tell them. Judges
 * take a delimiter for it, which nobody knows before the question is asked.
 *
 * @returns a source of numbers in [0, 1)
 * @complexity O(length of the text), then O(1) a number, pure
 */
function drawnFrom(text: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * An order of 0 … count − 1 that a text decides.
 *
 * @complexity O(count), pure
 * @example drawnOrder(3, "seed").toSorted() // → [0, 1, 2]
 */
export function drawnOrder(count: number, seed: string): number[] {
  const next = drawnFrom(`order:${seed}`);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/** Capitals that say nothing of first and second, look like no digit, and do not begin `tie`. */
const LETTERS = "CDEFGHJKLMNPQRSUVWXYZ";

/**
 * Two different capital letters that a text decides, to call two responses by: one token each, and no candidate knows its own.
 *
 * @complexity O(1), pure
 * @example new Set(drawnLetters("seed")).size // → 2
 */
export function drawnLetters(seed: string): readonly [string, string] {
  const [first, second] = drawnOrder(LETTERS.length, seed);
  return [LETTERS[first!]!, LETTERS[second!]!];
}

const CONSONANTS = "bcdfghjklmnpqrstvwxz";
const NAME_LENGTH = 6;

/**
 * Different names that a text decides, for more candidates than two.
 *
 * @param taken texts in which none of the names may occur, in any case
 * @complexity O(count · length of the texts), pure
 * @example drawnNames(2, "seed", []).every((name) => name.length === 6) // → true
 */
export function drawnNames(count: number, seed: string, taken: readonly string[]): string[] {
  const next = drawnFrom(`name:${seed}`);
  const shown = taken.map((text) => text.toLowerCase());
  const names = new Set<string>();
  while (names.size < count) {
    const name = Array.from({ length: NAME_LENGTH }, () => CONSONANTS[Math.floor(next() * CONSONANTS.length)]!).join("");
    if (!shown.some((text) => text.includes(name))) names.add(name);
  }
  return [...names];
}
