import { gatingDrift } from "../evaluation/drift.ts";
import { sum } from "../reward/numerics.ts";

/** Blocks of which a window of gating consists. */
const BLOCKS = 5;

/** Mean gating of one member over the last items, by blocks, so that it takes the same memory whatever the window. */
export class GatingWindow {
  readonly #objectives: number;
  readonly #blocks: Float64Array[] = [];
  #open: Float64Array;
  #baseline: Float64Array | undefined;

  /** @param objectives how many there are, ≥ 1 */
  constructor(objectives: number) {
    this.#objectives = objectives;
    this.#open = new Float64Array(objectives + 1);
  }

  /** @param gating weights of one item, shape [objectives] */
  add(gating: Float64Array): void {
    for (let k = 0; k < this.#objectives; k++) this.#open[k]! += gating[k]!;
    // The last place counts the items.
    this.#open[this.#objectives]!++;
  }

  /** Ends a block; the oldest leaves when there are enough. */
  close(): void {
    this.#blocks.push(this.#open);
    if (this.#blocks.length > BLOCKS) this.#blocks.shift();
    this.#open = new Float64Array(this.#objectives + 1);
  }

  /** Mean weights over the window, shape [objectives]; undefined before the first item. */
  mean(): Float64Array | undefined {
    const blocks = [...this.#blocks, this.#open];
    const items = sum(blocks.map((block) => block[this.#objectives]!));
    if (items === 0) return undefined;
    return Float64Array.from({ length: this.#objectives }, (_, k) => sum(blocks.map((block) => block[k]!)) / items);
  }

  /** Makes the window the baseline of what comes after it, or weights that are known already. */
  freeze(weights = this.mean()): void {
    this.#baseline = weights;
  }

  /** Jensen–Shannon divergence from the baseline, as a share of ln 2; undefined without one, or where weights are negative. */
  drift(): number | undefined {
    const now = this.mean();
    if (now === undefined || this.#baseline === undefined) return undefined;
    const usable = [now, this.#baseline].every((weights) => weights.every((weight) => weight >= 0) && sum(weights) > 0);
    return usable ? gatingDrift([...this.#baseline], [...now]).share : undefined;
  }
}
