/**
 * Where a passage stands in a text, also where its places overlap. The search that comes with strings takes the product of the lengths where
 * both repeat themselves, and both are strangers'.
 *
 * @param passage not empty
 * @returns where it begins, UTF-16 units, in order
 * @complexity O(length of both), pure
 * @see Knuth, Morris & Pratt 1977, Fast Pattern Matching in Strings
 * @example placesOf("aa", "aaaba") // → [0, 1]
 */
export function placesOf(passage: string, text: string): number[] {
  const borders = bordersOf(passage);
  const places: number[] = [];
  let matched = 0;
  for (let at = 0; at < text.length; at++) {
    matched = extended(passage, borders, matched, text.charCodeAt(at));
    if (matched < passage.length) continue;
    places.push(at + 1 - matched);
    matched = borders[matched - 1]!;
  }
  return places;
}

/** Longest passage that the search that comes with strings looks for at once: for short ones it is many times faster than ours. */
const SHORT = 128;

/**
 * The parts of a text between the places of a passage, as `text.split(passage)` gives them, which is slow only where long passages repeat
 * themselves.
 *
 * @returns one part more than there are places that do not overlap
 * @complexity O(length of both), pure
 * @example partsBetween("aa", "aaaba") // → ["", "aba"]
 */
export function partsBetween(passage: string, text: string): string[] {
  if (passage.length <= SHORT) return text.split(passage);
  const parts: string[] = [];
  let start = 0;
  for (const place of placesOf(passage, text)) {
    if (place < start) continue;
    parts.push(text.slice(start, place));
    start = place + passage.length;
  }
  parts.push(text.slice(start));
  return parts;
}

/** Of each beginning of a passage, by its last unit: the length of the longest shorter beginning that it ends in. */
function bordersOf(passage: string): Uint32Array {
  const borders = new Uint32Array(passage.length);
  for (let at = 1; at < passage.length; at++) borders[at] = extended(passage, borders, borders[at - 1]!, passage.charCodeAt(at));
  return borders;
}

/** How much of a passage is matched once a unit follows what was matched of it, less than all. */
function extended(passage: string, borders: Uint32Array, matched: number, unit: number): number {
  let length = matched;
  while (length > 0 && passage.charCodeAt(length) !== unit) length = borders[length - 1]!;
  return passage.charCodeAt(length) === unit ? length + 1 : length;
}
