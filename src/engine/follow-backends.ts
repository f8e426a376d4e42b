import type { OpenBackend } from "../domain/backend.ts";
import type { Clock } from "../domain/clock.ts";
import type { GatewayError } from "../domain/errors.ts";
import { backendsOf, type Judge } from "../domain/judge.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { ReadinessBoard } from "./readiness.ts";
import { followWithTrial } from "./trial.ts";

export interface FollowOptions {
  readonly judges: readonly Judge[];
  /** By name. */
  readonly backends: ReadonlyMap<string, OpenBackend>;
  /** Names of the backends whose judges answer a trial question first. */
  readonly tried: ReadonlySet<string>;
  readonly board: ReadinessBoard;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Name of a judge's check on the board. */
export function checkOf(judge: string): string {
  return `judge ${judge}`;
}

/**
 * Keeps each judge's readiness equal to that of the backend it needs, after a trial question where there is to be one; a judge that
 * needs no backend is ready.
 *
 * @returns a function that ends it
 */
export function followBackends({ judges, backends, tried, board, clock, metrics, log }: FollowOptions): () => void {
  const stops = judges.map((judge) => {
    const { name } = judge;
    if (judge.backend === undefined) {
      board.set(checkOf(name), true, "serving; it needs no backend");
      metrics.judgeUp.set({ judge: name }, 1);
      return () => {};
    }
    const needs = backendsOf(judge).map((need) => backends.get(need)!);
    const decides = needs.every(({ remote }) => !remote);
    /** Why it is not ready, by backend; one of them is enough. */
    const missing = new Map<string, string>();
    const showOf =
      (backend: OpenBackend) =>
      (ready: boolean, why = backend.notReady) => {
        if (ready) missing.delete(backend.name);
        else missing.set(backend.name, why);
        const [first] = missing.values();
        board.set(checkOf(name), first === undefined, first ?? `serving on ${needs[0]!.device}`, decides);
        metrics.judgeUp.set({ judge: name }, first === undefined ? 1 : 0);
      };
    const stopsOfOne = needs.map((backend) => {
      const show = showOf(backend);
      if (backend.name === judge.backend && tried.has(judge.backend)) {
        const onFailure = (error: GatewayError) => log.warn({ judge: name, reason: error.reason, err: error }, "trial question failed");
        return followWithTrial(judge, { backends, clock, show, onFailure });
      }
      const stop = backend.onReadiness((ready) => show(ready));
      show(backend.ready);
      return stop;
    });
    return () => {
      for (const stop of stopsOfOne) stop();
    };
  });
  return () => {
    for (const stop of stops) stop();
  };
}
