/** Corners x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2, in any unit that both boxes share. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * Intersection over union of two boxes.
 *
 * @returns in [0, 1]; 0 when the union has no area
 * @complexity O(1), pure
 * @example boxIou([0, 0, 2, 1], [1, 0, 2, 1]) // → 0.5
 */
export function boxIou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const intersection = Math.max(0, width) * Math.max(0, height);
  const union = areaOf(a) + areaOf(b) - intersection;
  return union > 0 ? intersection / union : 0;
}

function areaOf([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

const BOX = /\[\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\]/g;
/** Boxes of one text: an assignment costs their cube. */
const MAX_BOXES = 50;

/**
 * The boxes that a text writes as `[x1, y1, x2, y2]`.
 *
 * @returns in order, corners sorted; null when there is none, or there are more than 50
 * @complexity O(length), pure
 * @example readBoxes("at [3, 4, 1, 2]") // → [[1, 2, 3, 4]]
 */
export function readBoxes(text: string): Box[] | null {
  const boxes = [...text.matchAll(BOX)].map(([, ...corners]): Box => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = corners.map(Number);
    return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  });
  return boxes.length > 0 && boxes.length <= MAX_BOXES ? boxes : null;
}

/**
 * Mean IoU of two sets of boxes under the assignment that makes it largest; a box without partner counts 0.
 *
 * @param predictions shape [n]
 * @param golds       shape [m]
 * @param credit      what a pair is worth, in [0, 1]; its IoU without it
 * @returns in [0, 1]; 0 when one set is empty and the other is not, 1 when both are
 * @complexity O(max(n, m)³), pure
 * @see Kuhn 1955, The Hungarian method for the assignment problem
 * @example meanBoxIou([[0, 0, 1, 1]], [[5, 5, 6, 6], [0, 0, 1, 1]]) // → 0.5
 */
export function meanBoxIou(predictions: readonly Box[], golds: readonly Box[], credit = boxIou): number {
  const size = Math.max(predictions.length, golds.length);
  if (size === 0) return 1;
  const gain = (i: number, j: number) => (i < predictions.length && j < golds.length ? credit(predictions[i]!, golds[j]!) : 0);
  const partners = assign(size, (i, j) => -gain(i, j));
  let total = 0;
  for (const [j, i] of partners.entries()) total += gain(i, j);
  return total / size;
}

/** Row of each column in the assignment of least cost: shortest augmenting paths with potentials, a row at a time. */
function assign(size: number, cost: (row: number, column: number) => number): number[] {
  const NONE = size;
  const rowPotential = new Float64Array(size);
  const columnPotential = new Float64Array(size + 1);
  const rowOf: number[] = new Array(size + 1).fill(-1);
  for (let row = 0; row < size; row++) {
    const slack = new Float64Array(size).fill(Infinity);
    const from: number[] = new Array(size).fill(NONE);
    const visited = new Uint8Array(size + 1);
    rowOf[NONE] = row;
    let column = NONE;
    while (rowOf[column] !== -1) {
      visited[column] = 1;
      const current = rowOf[column]!;
      let next = NONE;
      let step = Infinity;
      for (let j = 0; j < size; j++) {
        if (visited[j]) continue;
        const reduced = cost(current, j) - rowPotential[current]! - columnPotential[j]!;
        if (reduced < slack[j]!) {
          slack[j] = reduced;
          from[j] = column;
        }
        if (slack[j]! < step) {
          step = slack[j]!;
          next = j;
        }
      }
      for (let j = 0; j <= size; j++) {
        if (visited[j]) {
          rowPotential[rowOf[j]!]! += step;
          columnPotential[j]! -= step;
        } else if (j < size) slack[j]! -= step;
      }
      column = next;
    }
    while (column !== NONE) {
      rowOf[column] = rowOf[from[column]!]!;
      column = from[column]!;
    }
  }
  return rowOf.slice(0, size);
}
