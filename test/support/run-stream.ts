import type { Observation, ObservedItem, ObservedPanel, RunAlarm } from "../../src/domain/run.ts";
import type { AlarmLimits } from "../../src/monitoring/alarms/reading.ts";
import { createRuns, type RunsOptions } from "../../src/monitoring/runs.ts";

/** The defaults of the configuration. */
export const ALARM_LIMITS: AlarmLimits = {
  meanShift: 0.5,
  spreadRatio: 1.5,
  psi: 0.25,
  lengthRise: 0.3,
  lengthCorrelation: 0.6,
  disagreementRatio: 1.5,
  collapseWidth: 0.001,
  divergence: 0.25,
  probeShare: 0.01,
};

/** Runs with the default options, and every alarm that was raised, in order. */
export function openRuns(options: Partial<RunsOptions> = {}) {
  const raised: RunAlarm[] = [];
  const runs = createRuns({
    maxRuns: 32,
    maxDomains: 8,
    windowItems: 500,
    passThresholds: {},
    limits: ALARM_LIMITS,
    onAlarm: (_run, alarm) => void raised.push(alarm),
    ...options,
  });
  return { runs, raised };
}

/** Random numbers that are the same for the same seed. */
export function randomOf(seed: number) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

/** What a stream is like at one item. */
export interface StreamShape {
  /** Candidates of an item. Default 1. */
  readonly candidates?: number;
  /** Share of the variance that the candidates of a prompt have in common. Default 0.3. */
  readonly prompt?: number;
  /** Items in a row that share their prompt's part. Default 1. */
  readonly repeats?: number;
  /** Mean of the scores, in their standard deviations. Default 0. */
  readonly mean?: number;
  /** Standard deviation. Default 1. */
  readonly std?: number;
  /** Pearson's correlation of score and length. Default 0. */
  readonly length?: number;
  /** Correlation of the second judge with the first. Default 0.7. */
  readonly agreement?: number;
  /** Mean of the audit judge. Default 0. */
  readonly audit?: number;
  /** Turns a normal score into one of another distribution. */
  readonly shape?: (normal: number) => number;
  /** The one score that everything gets. */
  readonly constant?: number;
  readonly domain?: string;
}

/** Two judges whose mean is the reward, and one that no trainer sees. */
export const STREAM_PANEL: ObservedPanel = {
  name: "chat",
  revision: "sha256:aa",
  space: "logit",
  members: [
    { member: "first", judge: "first", standing: "counts", space: "logit", objectives: [] },
    { member: "second", judge: "second", standing: "counts", space: "logit", objectives: [] },
    { member: "audit", judge: "audit", standing: "audit", space: "logit", objectives: [] },
  ],
};

/** Items of a stream, one after the other, each as a request of its own. */
export function streamOf(seed: number) {
  const { normal } = randomOf(seed);
  let index = 0;
  let common = 0;
  const itemOf = (shape: StreamShape): ObservedItem => {
    const { candidates = 1, prompt = 0.3, repeats = 1, mean = 0, std = 1, length = 0, agreement = 0.7, audit = 0 } = shape;
    if (index % repeats === 0) common = normal();
    const lengths: number[] = [];
    const rows: [number[], number[], number[]] = [[], [], []];
    for (let i = 0; i < candidates; i++) {
      const score = Math.sqrt(prompt) * common + Math.sqrt(1 - prompt) * normal();
      lengths.push(Math.round(200 * Math.exp(0.5 * (length * score + Math.sqrt(1 - length * length) * normal()))));
      const other = agreement * score + Math.sqrt(1 - agreement * agreement) * normal();
      const third = 0.5 * score + Math.sqrt(0.75) * normal();
      const apply = (x: number, at: number) => shape.constant ?? (shape.shape ?? ((y) => y))(at + std * x);
      rows[0].push(apply(score, mean));
      rows[1].push(apply(other, mean));
      rows[2].push(apply(third, audit));
    }
    const rewards = rows[0].map((score, i) => (score + rows[1][i]!) / 2);
    return {
      id: `item-${index++}`,
      ...(shape.domain !== undefined && { domain: shape.domain }),
      lengths,
      rewards,
      members: rows.map((scores) => ({ scores, tokens: 10 * candidates })),
    };
  };
  return {
    /** The next item as a request. */
    next: (shape: StreamShape = {}, run = "r"): Observation => {
      const step = Math.floor(index / 64);
      const item = itemOf(shape);
      return { run, step, policyVersion: `p${step}`, requestId: item.id, panel: STREAM_PANEL, items: [item] };
    },
  };
}
