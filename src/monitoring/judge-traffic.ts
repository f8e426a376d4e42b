import { type StabilityBins, stabilityBins, stabilityIn } from "../evaluation/drift.ts";
import { pearson } from "../reward/correlation.ts";
import { moments } from "../reward/moments.ts";
import { STABILITY } from "./baseline.ts";

/** Raw scores of a judge that are looked at together. */
const WINDOW = 1000;

/** A judge's last raw scores over all traffic. Absent: not known yet. */
export interface TrafficReading {
  readonly mean: number;
  readonly std: number;
  /** Against the first full window since the start. */
  readonly psi?: number;
  /** Pearson's correlation with the candidates' lengths. */
  readonly lengthCorrelation?: number;
}

/** The last raw scores of every judge, of requests with and without a run: what metrics show, since names of runs are no labels. */
export class JudgeTraffic {
  readonly #windows = new Map<string, ScoreRing>();

  /** Takes in one raw score; costs two writes. */
  add(judge: string, score: number, length: number): void {
    let ring = this.#windows.get(judge);
    if (ring === undefined) {
      ring = new ScoreRing();
      this.#windows.set(judge, ring);
    }
    ring.add(score, length);
  }

  /** What the windows say now, by judge. */
  read(): Map<string, TrafficReading> {
    return new Map([...this.#windows].map(([judge, ring]) => [judge, ring.read()]));
  }
}

class ScoreRing {
  readonly #scores = new Float64Array(WINDOW);
  readonly #lengths = new Float64Array(WINDOW);
  #seen = 0;
  #bins: StabilityBins | undefined;

  add(score: number, length: number): void {
    const slot = this.#seen % WINDOW;
    this.#scores[slot] = score;
    this.#lengths[slot] = length;
    this.#seen++;
    if (this.#seen === WINDOW) this.#bins = stabilityBins(Array.from(this.#scores), STABILITY);
  }

  read(): TrafficReading {
    const held = Math.min(this.#seen, WINDOW);
    const scores = this.#scores.subarray(0, held);
    const { mean, std } = moments(scores, 1);
    const lengthCorrelation = pearson(scores, this.#lengths.subarray(0, held));
    return {
      mean,
      std,
      ...(this.#bins !== undefined && { psi: stabilityIn(this.#bins, Array.from(scores)).psi }),
      ...(lengthCorrelation !== undefined && { lengthCorrelation }),
    };
  }
}
