import { sum } from "../reward/numerics.ts";

/** Items of one block of a trend, and blocks that are kept. */
export const TREND_BLOCK_ITEMS = 100;
export const TREND_BLOCKS = 20;

/** Means of a series over the last blocks of items of its panel, so that slopes of two series run over the same items. */
export class Trend {
  readonly #means: (number | null)[] = [];
  readonly #items: number[] = [];
  #total = 0;
  #scores = 0;
  #itemsHere = 0;

  /** Takes in the scores of one item; an item without any adds nothing. */
  add(scores: readonly (number | null)[]): void {
    const before = this.#scores;
    for (const score of scores) {
      if (score === null) continue;
      this.#total += score;
      this.#scores++;
    }
    if (this.#scores > before) this.#itemsHere++;
  }

  /** Ends a block. */
  close(): void {
    this.#means.push(this.#scores === 0 ? null : this.#total / this.#scores);
    this.#items.push(this.#itemsHere);
    if (this.#means.length > TREND_BLOCKS) {
      this.#means.shift();
      this.#items.shift();
    }
    this.#total = 0;
    this.#scores = 0;
    this.#itemsHere = 0;
  }

  /** Mean per closed block, oldest first; null for a block without scores. */
  get means(): readonly (number | null)[] {
    return this.#means;
  }

  /** Items with a score in a closed block, on average. */
  get itemsPerBlock(): number {
    return this.#items.length === 0 ? 0 : sum(this.#items) / this.#items.length;
  }
}
