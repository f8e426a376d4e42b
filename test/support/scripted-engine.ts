import { systemClock } from "../../src/domain/clock.ts";
import type { Judge } from "../../src/domain/judge.ts";
import type { Panel, Router } from "../../src/domain/panel.ts";
import type { ScoreObserver } from "../../src/domain/run.ts";
import type { StateReader } from "../../src/domain/state.ts";
import type { QueueLimits } from "../../src/engine/admission.ts";
import { createBatcher } from "../../src/engine/batcher.ts";
import { createScoreCache, type ScoreCache } from "../../src/engine/cache.ts";
import { createScorer } from "../../src/engine/score.ts";
import type { Logger } from "../../src/telemetry/log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import type { manualClock } from "./manual-clock.ts";
import { type BackendScript, memberOf, panelOf, scriptedBackend, scriptedJudge } from "./scripted.ts";

/** A queue that nothing in a test fills. */
export const WIDE: QueueLimits = { maxCalls: 100_000, maxTextSize: 1e9, maxTokens: 1e9 };

/** A whole engine over one scripted backend; every judge scores the length of the text unless scripted. */
export function engineOf(
  script: BackendScript = {},
  options: {
    judges?: Judge[];
    queue?: QueueLimits;
    clock?: ReturnType<typeof manualClock>;
    maxRequestMs?: number;
    /** Instead of one panel over `judges`. */
    panels?: readonly (Panel | Router)[];
    states?: StateReader;
    /** Instead of an empty one of 64 MB. */
    cache?: ScoreCache;
    log?: Logger;
    observer?: ScoreObserver;
  } = {},
) {
  const clock = options.clock ?? systemClock;
  const metrics = createMetrics({ version: "test", commit: "test" });
  const backend = scriptedBackend(script);
  const batcher = createBatcher({ backend, queue: options.queue ?? WIDE, clock, random: () => 0.5, metrics });
  const judges = options.judges ?? [scriptedJudge({})];
  const panels = options.panels ?? [panelOf(judges.map((judge) => memberOf(judge)))];
  const score = createScorer({
    panels: new Map(panels.map((panel) => [panel.name, panel])),
    ...(options.states && { states: options.states }),
    batchers: new Map([["scripted", batcher]]),
    cache: options.cache ?? createScoreCache({ maxBytes: 64e6, maxEntries: 1e6, metrics }),
    clock,
    maxRequestMs: options.maxRequestMs ?? 100_000,
    metrics,
    ...(options.log && { log: options.log }),
    ...(options.observer && { observer: options.observer }),
  });
  return { backend, metrics, score, batcher };
}
