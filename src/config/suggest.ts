/**
 * The known names nearest to a wrong one, by edit distance with swaps; none when all are far.
 *
 * @param wrong what was written
 * @param known what could have been meant
 * @returns at most three names, nearest first
 * @example nearest("chat-rewad", ["chat-reward", "safety"]) // → ["chat-reward"]
 */
export function nearest(wrong: string, known: readonly string[]): string[] {
  const limit = Math.max(1, Math.floor(wrong.length / 3));
  return known
    .map((name) => ({ name, distance: editDistance(wrong.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Least number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** `did you mean X? ` when something is near, and the allowed names. */
export function nameRemedy(wrong: string, known: readonly string[], none: string): string {
  if (known.length === 0) return none;
  const [best] = nearest(wrong, known);
  const all = `allowed: ${known.join(", ")}`;
  return best === undefined ? all : `did you mean ${best}? ${all}`;
}
