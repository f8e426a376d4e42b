import type { Standing } from "../domain/panel.ts";
import type { BaselineInfo, ReferenceScores } from "../domain/run.ts";
import type { ScoreSpace } from "../domain/score-space.ts";
import { type Baseline, baselineOf, freezeBaseline } from "./baseline.ts";
import { GatingWindow } from "./gating-window.ts";
import { type ScoredItem, ScoreWindow } from "./score-window.ts";
import { Trend } from "./trend.ts";

/** What a series is of: the panel's reward when no member is named. */
export interface SeriesSubject {
  readonly member?: string;
  readonly judge?: string;
  readonly standing?: Standing;
  readonly space: ScoreSpace;
  readonly objectives: readonly string[];
}

export interface SeriesOptions {
  /** Items of a window. */
  readonly windowItems: number;
  readonly passThreshold: number | undefined;
}

/** One stream of scores: its last items, what they are held against, and where they are going. */
export class Series {
  readonly subject: SeriesSubject;
  readonly passThreshold: number | undefined;
  readonly window: ScoreWindow;
  readonly trend = new Trend();
  readonly gating: GatingWindow | undefined;
  #baseline: Baseline | undefined;

  constructor(subject: SeriesSubject, { windowItems, passThreshold }: SeriesOptions) {
    this.subject = subject;
    this.passThreshold = passThreshold;
    this.window = new ScoreWindow(windowItems, passThreshold ?? Number.NaN);
    this.gating = subject.objectives.length > 0 ? new GatingWindow(subject.objectives.length) : undefined;
  }

  get baseline(): Baseline | undefined {
    return this.#baseline;
  }

  /** @returns whether the first window became full with it, and so the baseline */
  add(item: ScoredItem, gating?: Float64Array): boolean {
    this.window.add(item);
    this.trend.add(item.scores);
    if (gating !== undefined) this.gating?.add(gating);
    if (this.#baseline !== undefined || !this.window.isFull) return false;
    this.pin("first_window");
    return true;
  }

  /** Holds the series against the scores of a reference from now on. */
  holdAgainst(scores: ReferenceScores, reference: string): void {
    this.#baseline = baselineOf(scores, reference);
    if (scores.gating !== undefined) this.gating?.freeze(Float64Array.from(scores.gating));
  }

  /** Ends a block of the panel's items. */
  closeBlock(): void {
    this.trend.close();
    this.gating?.close();
  }

  /** Makes the window the baseline of what comes after it. */
  pin(source: BaselineInfo["source"]): void {
    this.#baseline = freezeBaseline(this.window.sample(), source);
    this.gating?.freeze();
  }
}
