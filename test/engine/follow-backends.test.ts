import assert from "node:assert/strict";
import { test } from "node:test";
import type { OpenBackend } from "../../src/domain/backend.ts";
import type { Judge } from "../../src/domain/judge.ts";
import { checkOf, followBackends } from "../../src/engine/follow-backends.ts";
import { createReadinessBoard } from "../../src/engine/readiness.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { manualClock } from "../support/manual-clock.ts";

/** A backend whose readiness the test turns. */
function backendOf(remote: boolean, name = "b") {
  const listeners = new Set<(ready: boolean) => void>();
  const backend = {
    name,
    remote,
    ready: false,
    device: "somewhere",
    notReady: "nobody answers",
    onReadiness(listener: (ready: boolean) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    backend: backend as unknown as OpenBackend,
    turn(ready: boolean) {
      backend.ready = ready;
      for (const listener of listeners) listener(ready);
    },
    listeners,
  };
}

function follow(remote: boolean) {
  const turned = backendOf(remote);
  const board = createReadinessBoard([]);
  const judges = [{ name: "own" }, { name: "asks", backend: "b" }] as Judge[];
  const stop = followBackends({
    judges,
    backends: new Map([["b", turned.backend]]),
    tried: new Set(),
    board,
    clock: manualClock(),
    metrics: createMetrics({ version: "test", commit: "test" }),
    log: createLogger({ level: "silent" }),
  });
  const check = (judge: string) => board.current().checks.find(({ name }) => name === checkOf(judge))!;
  return { ...turned, board, check, stop };
}

test("a judge is as ready as its backend, and one without a backend is ready", () => {
  const { check, turn, stop, listeners } = follow(false);
  assert.equal(check("own").ok, true);
  assert.deepEqual([check("asks").ok, check("asks").message], [false, "nobody answers"]);
  turn(true);
  assert.deepEqual([check("asks").ok, check("asks").message], [true, "serving on somewhere"]);
  turn(false);
  assert.equal(check("asks").ok, false);
  stop();
  assert.equal(listeners.size, 0);
});

test("a server of another owner keeps its judge and not the gateway from being ready", () => {
  assert.equal(follow(false).board.current().ready, false);
  assert.equal(follow(true).board.current().ready, true);
});

test("a judge that asks another's question is ready when both backends are, and says which one is missing", () => {
  const [own, other] = [backendOf(true, "b"), backendOf(false, "c")];
  const board = createReadinessBoard([]);
  const judge = { name: "asks", backend: "b", asks: [{ name: "head", backend: "c" }] } as unknown as Judge;
  const stop = followBackends({
    judges: [judge],
    backends: new Map([
      ["b", own.backend],
      ["c", other.backend],
    ]),
    tried: new Set(),
    board,
    clock: manualClock(),
    metrics: createMetrics({ version: "test", commit: "test" }),
    log: createLogger({ level: "silent" }),
  });
  const ok = () => board.current().checks.find(({ name }) => name === checkOf("asks"))!.ok;
  const seen = [ok()];
  for (const turn of [() => own.turn(true), () => other.turn(true), () => own.turn(false), () => own.turn(true), () => other.turn(false)]) {
    turn();
    seen.push(ok());
  }
  assert.deepEqual(seen, [false, false, true, false, true, false]);
  stop();
  assert.deepEqual([own.listeners.size, other.listeners.size], [0, 0]);
});
