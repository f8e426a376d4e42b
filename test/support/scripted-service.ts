import { pino } from "pino";
import type { RequestLimits } from "../../src/domain/limits.ts";
import type { CandidateResult, ItemResult, ScoreRequest, ScoreResult } from "../../src/domain/score.ts";
import type { CallContext, Readiness, ReadinessSource, RewardService } from "../../src/domain/service.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { deferred } from "./scripted.ts";

/** Limits small enough to reach in a test. */
export const LIMITS: RequestLimits = {
  maxItems: 512,
  maxCandidates: 4096,
  maxTextLength: 262_144,
  maxHttpBodyBytes: 8 << 20,
  maxGrpcMessageBytes: 4 << 20,
  maxJsonDepth: 32,
  maxStreamInFlight: 64,
};

/** A service whose score function is the test's. The other methods answer fixed facts. */
export function scriptedService(
  score: (request: ScoreRequest, context: CallContext) => Promise<ScoreResult> | ScoreResult = (request) => resultOf(request),
): RewardService {
  return {
    score: async (request, context) => score(request, context),
    judges: () => [
      {
        name: "length",
        kind: "scripted",
        description: "Number of characters.",
        revision: "sha256:aa",
        space: "native",
        determinism: "bitwise",
        accepts: ["text"],
        objectives: ["count"],
        backend: "none",
        device: "cpu",
        maxTokens: 0,
        license: "Apache-2.0",
        ready: true,
      },
    ],
    panels: () => [
      {
        name: "chat",
        description: "Scripted.",
        revision: "sha256:bb",
        aggregation: "weighted_sum",
        space: "native",
        members: [
          {
            judge: "length",
            name: "length",
            standing: "counts",
            weight: 1,
            calibration: "none",
            transforms: [],
            onFailure: "fail",
            stage: 1,
          },
        ],
        constraints: ["short at most 9"],
        advantages: "grpo",
        states: ["mix"],
        routes: [],
        sequence: ["the best two less than 1 apart"],
      },
    ],
    version: () => ({ version: "9.9.9", commit: "abc", node: process.version, configDigest: "sha256:cc" }),
  };
}

const REVISION = "sha256:ee";

/** A service that answers as {@link resultOf} once it is released, and knows how many requests it has by then. */
export function heldService() {
  const gate = deferred();
  let taken = 0;
  const service = scriptedService(async (request) => {
    taken++;
    await gate.promise;
    return resultOf(request);
  });
  return { service, release: () => gate.resolve(), taken: () => taken };
}

/** What a panel with constraints, advantages and a table in front of it says besides. */
function more(length: number, violated: boolean) {
  const verdict = violated ? "violated" : "satisfied";
  const part = { constraint: "short", judge: "length", verdict, score: length, atMost: 9, revision: REVISION, cached: true } as const;
  const constraints = { verdict, parts: [part], calibrated: 0.5, crpg: violated ? 0 : 0.25, crpgCentred: 0.125, crraft: 0 } as const;
  return { rewards: { other: 2 * length }, advantage: length - 4, constraints };
}

/**
 * The reward of a candidate is its length; one that holds `fail` has none. In the domain `constrained` a candidate that holds `veto`
 * violates a constraint, and the answer holds everything that it can.
 */
export function resultOf(request: ScoreRequest): ScoreResult {
  const results = request.items.map((item): ItemResult => {
    const rich = item.domain === "constrained";
    const candidates = item.candidates.map(({ content }): CandidateResult => {
      const text = typeof content === "string" ? content : content.map((part) => (part.type === "text" ? part.text : "")).join("");
      const own = { judge: "length", member: "length", shadow: false, revision: "sha256:dd", determinism: "bitwise" } as const;
      const shared = { ...own, cached: false, imputed: false, tokens: 3 };
      if (text.includes("fail")) {
        const failure = { reason: "SCORE_NOT_FINITE", message: "the judge gave NaN", retryable: false } as const;
        return { status: "failed", failure, missing: ["length"], judges: [{ ...shared, outcome: "failed", weight: 0, failure }] };
      }
      const numbers = { raw: text.length, calibrated: text.length, transformed: text.length, weight: 1, contribution: text.length };
      const part = { ...shared, outcome: "scored", ...numbers, objectives: { count: text.length }, gating: { count: 1 } } as const;
      if (!rich) return { status: "complete", reward: text.length, missing: [], judges: [part] };
      const judges = [{ ...part, advantage: 0.5 }];
      if (!text.includes("veto")) return { status: "complete", reward: text.length, ...more(text.length, false), missing: [], judges };
      const failure = { reason: "CONSTRAINT_VIOLATED", message: 'violates "short"', retryable: false } as const;
      return { status: "vetoed", failure, constraints: more(text.length, true).constraints, missing: [], judges };
    });
    if (!rich) return { id: item.id, candidates };
    return {
      id: item.id,
      candidates,
      route: { panel: "strict", panelRevision: REVISION, rows: [0, -1] },
      judging: { stages: 3, asked: 2, stopped: "exhausted", openBy: ["margin"], leftOpen: ["margin", "best"], spared: 2, tokens: 5 },
      group: { method: "grpo", mean: 4, std: 1.5, zeroVariance: false },
      constrained: { positive: [0], negative: [1], crraftBest: 0, baselineWeight: 0, codpo: { chosen: 0, rejected: 1 } },
    };
  });
  const candidates = results.reduce((sum, item) => sum + item.candidates.length, 0);
  return {
    panel: request.panel,
    panelRevision: "sha256:bb",
    results,
    states: [{ name: "mix", version: 7 }],
    timing: { totalMs: 1.5, queueMs: 0.25, prepareMs: 0.5, backendMs: 0.75 },
    usage: { candidates, cachedScores: 0, tokens: 3 * candidates },
  };
}

/** Calls that {@link lastFirst} holds until all of them are there. */
const HELD = 8;

/** A score function that holds eight calls at a time until all are there, and answers the last of them first. */
export function lastFirst(score: (request: ScoreRequest) => ScoreResult): (request: ScoreRequest) => Promise<ScoreResult> {
  let held: (() => void)[] = [];
  return async (request) => {
    await new Promise<void>((resolve) => {
      held.push(resolve);
      if (held.length < HELD) return;
      const releases = held.reverse();
      held = [];
      // The last call waits, too, before the first is released.
      queueMicrotask(() => {
        for (const release of releases) release();
      });
    });
    return score(request);
  };
}

/** Which call {@link lastFirst} answers at a place, both counted from 0. */
export function lastFirstPlace(place: number): number {
  return place - (place % HELD) + (HELD - 1 - (place % HELD));
}

/** Readiness that a test turns on and off. */
export function scriptedReadiness(ready = true): ReadinessSource & { set(ready: boolean): void } {
  const listeners = new Set<(readiness: Readiness) => void>();
  const of = (now: boolean): Readiness => ({
    ready: now,
    checks: [{ name: "accepting", ok: now, message: now ? "yes" : "draining", decides: true }],
  });
  let current = of(ready);
  return {
    current: () => current,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(now) {
      current = of(now);
      for (const listener of listeners) listener(current);
    },
  };
}

/** A log that keeps its lines, and metrics of its own. */
export function recordingTelemetry() {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { lines, log, metrics: createMetrics({ version: "0", commit: "0" }) };
}
