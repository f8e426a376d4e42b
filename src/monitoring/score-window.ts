import type { Optional } from "../reward/missing.ts";

/** What a window remembers of where an item came from. */
export interface ItemFacts {
  readonly id: string;
  readonly step?: number;
  readonly policyVersion?: string;
}

/** One item as a series hears of it. */
export interface ScoredItem {
  readonly facts: ItemFacts;
  /** Per candidate; null where there is none. */
  readonly scores: readonly Optional[];
  /** Per candidate. */
  readonly lengths: readonly number[];
  /** Tokens that the judge read for all candidates together. */
  readonly tokens?: number;
}

/** What a window holds, oldest item first. Columns have one entry per item; `values`, `valueLengths` and `owners` one per kept score. */
export interface WindowSample {
  readonly facts: readonly ItemFacts[];
  /** Candidates with a score, ≥ 1. */
  readonly counts: Float64Array;
  readonly means: Float64Array;
  /** Σ (x − mean)² over the item's scores. */
  readonly squares: Float64Array;
  /** Scores above the pass threshold. */
  readonly passes: Float64Array;
  /** Total length of the scored candidates. */
  readonly lengths: Float64Array;
  readonly tokens: Float64Array;
  readonly values: Float64Array;
  readonly valueLengths: Float64Array;
  /** Index of the item that a kept score belongs to. */
  readonly owners: Int32Array;
}

type Column = "counts" | "means" | "squares" | "passes" | "lengths" | "tokens";

/** Most scores of one item that are kept one by one; its sums cover all of them. */
export const KEPT_SCORES = 8;

/**
 * The candidates of a group whose scores are kept one by one: all of a small group, of a large one {@link KEPT_SCORES} at equal
 * distances. The order of candidates says nothing about their scores, so this is a fair sample.
 *
 * @param size candidates of the group
 * @returns ascending indices
 * @example keptCandidates(16)[1] // → 2
 */
export function keptCandidates(size: number): readonly number[] {
  const kept = Math.min(size, KEPT_SCORES);
  return Array.from({ length: kept }, (_, i) => Math.floor((i * size) / kept));
}

/** Items that a new window has room for. */
const FIRST_ITEMS = 64;

/**
 * The last items of one series, in memory with a bound: sums over all scores of an item, and a few of its scores one by one for
 * quantiles and ranks. It takes room as it fills. Items without any score leave no trace.
 */
export class ScoreWindow {
  readonly #capacity: number;
  readonly #passThreshold: number;
  readonly #facts: ItemFacts[] = [];
  readonly #columns: Record<Column, Float64Array>;
  /** Shape [room × width]; NaN where an item has fewer scores. */
  #values: Float64Array;
  #valueLengths: Float64Array;
  /** Items that there is room for: doubles up to the capacity. */
  #room: number;
  /** Scores kept per item: grows to that of the largest group seen, at most {@link KEPT_SCORES}. */
  #width = 1;
  #next = 0;

  /**
   * @param capacity      items that it holds
   * @param passThreshold a score above it passes; NaN when there is none
   */
  constructor(capacity: number, passThreshold: number) {
    this.#capacity = capacity;
    this.#passThreshold = passThreshold;
    this.#room = Math.min(FIRST_ITEMS, capacity);
    const column = () => new Float64Array(this.#room);
    this.#columns = { counts: column(), means: column(), squares: column(), passes: column(), lengths: column(), tokens: column() };
    this.#values = new Float64Array(this.#room).fill(Number.NaN);
    this.#valueLengths = new Float64Array(this.#room);
  }

  /** Items that it holds. */
  get size(): number {
    return this.#facts.length;
  }

  get isFull(): boolean {
    return this.#facts.length === this.#capacity;
  }

  /** Takes in one item; the oldest leaves when the window is full. */
  add({ facts, scores, lengths, tokens = 0 }: ScoredItem): void {
    let count = 0;
    let mean = 0;
    let squares = 0;
    let passes = 0;
    let length = 0;
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i]!;
      if (score === null) continue;
      count++;
      // Welford's update: sums of squares of scores far from 0 would cancel.
      const delta = score - mean;
      mean += delta / count;
      squares += delta * (score - mean);
      if (score > this.#passThreshold) passes++;
      length += lengths[i]!;
    }
    if (count === 0) return;
    const slot = this.#next;
    if (slot === this.#room) this.#grow();
    this.#facts[slot] = facts;
    this.#columns.counts[slot] = count;
    this.#columns.means[slot] = mean;
    this.#columns.squares[slot] = squares;
    this.#columns.passes[slot] = passes;
    this.#columns.lengths[slot] = length;
    this.#columns.tokens[slot] = tokens;
    this.#keep(slot, scores, lengths);
    this.#next = (slot + 1) % this.#capacity;
  }

  /**
   * What it holds, or a part of it.
   *
   * @param options.filter  takes the items whose facts pass
   * @param options.perItem takes at most so many kept scores of an item; the columns cover all of them in any case
   */
  sample({ filter, perItem = KEPT_SCORES }: { filter?: (facts: ItemFacts) => boolean; perItem?: number } = {}): WindowSample {
    const slots: number[] = [];
    const start = this.isFull ? this.#next : 0;
    for (let i = 0; i < this.size; i++) {
      const slot = (start + i) % this.#capacity;
      if (filter === undefined || filter(this.#facts[slot]!)) slots.push(slot);
    }
    const places: number[] = [];
    const owners: number[] = [];
    for (let item = 0; item < slots.length; item++) {
      const first = slots[item]! * this.#width;
      let taken = 0;
      for (let place = first; place < first + this.#width && taken < perItem; place++) {
        if (Number.isNaN(this.#values[place]!)) break;
        places.push(place);
        owners.push(item);
        taken++;
      }
    }
    const { counts, means, squares, passes, lengths, tokens } = this.#columns;
    return {
      facts: slots.map((slot) => this.#facts[slot]!),
      counts: pick(counts, slots),
      means: pick(means, slots),
      squares: pick(squares, slots),
      passes: pick(passes, slots),
      lengths: pick(lengths, slots),
      tokens: pick(tokens, slots),
      values: pick(this.#values, places),
      valueLengths: pick(this.#valueLengths, places),
      owners: Int32Array.from(owners),
    };
  }

  #keep(slot: number, scores: readonly Optional[], lengths: readonly number[]): void {
    const kept = keptCandidates(scores.length);
    if (kept.length > this.#width) this.#reshape(kept.length);
    const start = slot * this.#width;
    this.#values.fill(Number.NaN, start, start + this.#width);
    let place = start;
    for (const candidate of kept) {
      const score = scores[candidate]!;
      if (score === null) continue;
      this.#values[place] = score;
      this.#valueLengths[place++] = lengths[candidate]!;
    }
  }

  /** Makes room for more items. It comes before the first round of the ring ends, so that slots keep their places. */
  #grow(): void {
    this.#room = Math.min(2 * this.#room, this.#capacity);
    for (const [name, column] of Object.entries(this.#columns)) {
      const longer = new Float64Array(this.#room);
      longer.set(column);
      this.#columns[name as Column] = longer;
    }
    this.#reshape(this.#width);
  }

  #reshape(width: number): void {
    const values = new Float64Array(this.#room * width).fill(Number.NaN);
    const valueLengths = new Float64Array(this.#room * width);
    for (let slot = 0; slot < this.size; slot++) {
      const old = slot * this.#width;
      values.set(this.#values.subarray(old, old + this.#width), slot * width);
      valueLengths.set(this.#valueLengths.subarray(old, old + this.#width), slot * width);
    }
    this.#values = values;
    this.#valueLengths = valueLengths;
    this.#width = width;
  }
}

function pick(from: Float64Array, places: readonly number[]): Float64Array {
  const picked = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) picked[i] = from[places[i]!]!;
  return picked;
}
