import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mayHavePassed } from "../../../src/cli/score/causes.ts";
import type { BrokenRecord, ScoreRecord } from "../../../src/cli/score/records.ts";
import type { ResultRow } from "../../../src/cli/score/rows.ts";
import { hasFailed, scoreRecords } from "../../../src/cli/score/run.ts";
import { type ErrorReason, GatewayError } from "../../../src/domain/errors.ts";
import { DEFAULT_OPTIONS, type Detail, type ScoreRequest } from "../../../src/domain/score.ts";
import type { CallContext, RewardService } from "../../../src/domain/service.ts";
import { manualClock } from "../../support/manual-clock.ts";

function record(line: number, size = 2): ScoreRecord {
  const candidates = Array.from({ length: size }, (_, i) => `c${i}`);
  const item = {
    id: `id-${line}`,
    prompt: [{ role: "user", content: "x" } as const],
    candidates: candidates.map((content) => ({ content })),
  };
  return { line, item, candidates, labels: { type: "none" }, subset: undefined, language: undefined };
}

async function* stream<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

/** A service whose answers come when the test says so. */
function scriptedService() {
  const waiting: { id: string; size: number; finish(error?: Error): void }[] = [];
  let most = 0;
  const size = () => waiting.reduce((total, one) => total + one.size, 0);
  const service = {
    score: ({ panel, items }: ScoreRequest, { signal }: CallContext) =>
      new Promise((resolve, reject) => {
        const [item] = items;
        const finish = (error?: Error) => {
          waiting.splice(
            waiting.findIndex((one) => one.id === item!.id),
            1,
          );
          if (error) return reject(error);
          const candidates = item!.candidates.map(() => ({ status: "complete", reward: 1, judges: [] }));
          resolve({
            panel,
            results: [{ id: item!.id, candidates }],
            usage: { candidates: candidates.length, tokens: 10, cachedScores: 0 },
          });
        };
        waiting.push({ id: item!.id, size: item!.candidates.length, finish });
        most = Math.max(most, size());
        signal.addEventListener("abort", () => finish(new GatewayError("CALLER_GONE", "gone")), { once: true });
      }),
  } as unknown as RewardService;
  return { service, waiting, most: () => most };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("scoreRecords", () => {
  const panel = { name: "chat", revision: "r1" };

  /** A run of which no row can be written. */
  function scoreUnwritable(records: AsyncIterable<ScoreRecord>, service: RewardService, signal: AbortSignal): Promise<boolean> {
    const onRow = () => Promise.reject(new Error("the disk is full"));
    const run = scoreRecords(records, { service, panel, options: DEFAULT_OPTIONS, window: 4, signal, onRow });
    // Met by the test: it may end before.
    run.catch(() => {});
    return run;
  }

  it("hands rows over in order, whatever the order of the answers, and never holds more than the window", async () => {
    const { service, waiting, most } = scriptedService();
    const lines: number[] = [];
    const signal = new AbortController().signal;
    const records = Array.from({ length: 50 }, (_, i) => record(i + 1, 1 + (i % 3)));
    const run = scoreRecords(stream(records), {
      service,
      panel,
      options: DEFAULT_OPTIONS,
      window: 12,
      signal,
      onRow: async (_, row) => void lines.push(row.line),
    });
    let done = false;
    void run.then(() => {
      done = true;
    });
    while (!done) {
      await turn();
      waiting.at(-1)?.finish();
    }
    assert.equal(await run, true);
    assert.deepEqual(
      lines,
      records.map(({ line }) => line),
    );
    assert.ok(most() <= 12 && most() > 8, `held ${most()}`);
  });

  it("scores an item that is larger than the window by itself", async () => {
    const { service, waiting } = scriptedService();
    const lines: number[] = [];
    const run = scoreRecords(stream([record(1, 2), record(2, 100), record(3, 2)]), {
      service,
      panel,
      options: DEFAULT_OPTIONS,
      window: 10,
      signal: new AbortController().signal,
      onRow: async (_, row) => void lines.push(row.line),
    });
    for (let i = 0; i < 3; i++) {
      await turn();
      assert.equal(waiting.length, 1);
      waiting[0]!.finish();
      await turn();
    }
    await run;
    assert.deepEqual(lines, [1, 2, 3]);
  });

  it("gives a row with a failure to a line that cannot be read and to a record that fails", async () => {
    const { service, waiting } = scriptedService();
    const rows: { id: string | null; failed: boolean; reason: string | undefined }[] = [];
    const broken: BrokenRecord = { line: 1, id: undefined, problem: "not JSON" };
    const run = scoreRecords(stream([broken, record(2), record(3)]), {
      service,
      panel,
      options: DEFAULT_OPTIONS,
      window: 10,
      signal: new AbortController().signal,
      onRow: async (_, row) => void rows.push({ id: row.id, failed: hasFailed(row), reason: row.failure?.reason }),
    });
    await turn();
    waiting[0]!.finish(new GatewayError("QUEUE_FULL", "full"));
    waiting[0]!.finish();
    assert.equal(await run, true);
    assert.deepEqual(rows, [
      { id: null, failed: true, reason: "REQUEST_INVALID" },
      { id: "id-2", failed: true, reason: "QUEUE_FULL" },
      { id: "id-3", failed: false, reason: undefined },
    ]);
  });

  it("waits for a server that goes away for a while, and gives up one that stays away or never was there", async () => {
    const clock = manualClock();
    let away = false;
    const service = {
      score: async ({ items }: ScoreRequest) => {
        const { reason, message, retryable } = new GatewayError("BACKEND_UNAVAILABLE", "away", {});
        const failed = { status: "failed", judges: [], failure: { reason, message, retryable } };
        const candidates = items[0]!.candidates.map(() => (away ? failed : { status: "complete", reward: 1, judges: [] }));
        return { results: [{ id: items[0]!.id, candidates }], usage: { candidates: candidates.length, tokens: 0, cachedScores: 0 } };
      },
    } as unknown as RewardService;
    const start = (lines: readonly number[], from = stream(lines.map((line) => record(line, 1)))) => {
      const rows: boolean[] = [];
      const signal = new AbortController().signal;
      const onRow = async (_: unknown, row: Parameters<typeof hasFailed>[0]) => {
        rows.push(hasFailed(row));
        // The server goes after the first record.
        away = rows.length === 1;
      };
      return { rows, run: scoreRecords(from, { service, panel, options: DEFAULT_OPTIONS, window: 1, signal, clock, onRow }) };
    };
    const short = start([1, 2]);
    while (clock.pending === 0) await turn();
    clock.advance(60_000);
    assert.deepEqual(short.rows, [false]);
    away = false;
    while (short.rows.length < 2) {
      clock.advance(1_000);
      await turn();
    }
    assert.equal(await short.run, true);
    assert.deepEqual(short.rows, [false, false]);

    const long = start([1, 2]);
    while (long.rows.length < 2) {
      clock.advance(long.rows.length === 0 ? 0 : 10_000);
      await turn();
    }
    await long.run;
    assert.deepEqual(long.rows, [false, true]);

    away = true;
    const never = start([1]);
    await never.run;
    assert.deepEqual([never.rows, clock.pending], [[true], 0]);
  });

  it("waits once for a server that stays away, though records that need another are answered", async () => {
    const clock = manualClock();
    const { reason, message, retryable } = new GatewayError("BACKEND_UNAVAILABLE", "away");
    let away = false;
    const service = {
      score: async ({ items }: ScoreRequest) => {
        const judge = items[0]!.id === "id-2" || items[0]!.id === "id-4" ? "here" : "gone";
        const failure = away && judge === "gone" ? { reason, message, retryable } : undefined;
        const part = { judge, shadow: false, cached: false, outcome: failure ? "failed" : "scored", ...(failure && { failure }) };
        const candidate = { status: failure ? "failed" : "complete", ...(failure && { failure }), judges: [part] };
        return { results: [{ id: items[0]!.id, candidates: [candidate] }], usage: { candidates: 1, tokens: 0, cachedScores: 0 } };
      },
    } as unknown as RewardService;
    const failed: boolean[] = [];
    const run = scoreRecords(stream([1, 2, 3, 4, 5].map((line) => record(line, 1))), {
      ...{ service, panel, options: DEFAULT_OPTIONS, window: 1, signal: new AbortController().signal, clock },
      onRow: async (_, row) => {
        failed.push(hasFailed(row));
        away = true;
      },
    });
    while (clock.pending === 0 && failed.length < 5) await turn();
    assert.equal(failed.length, 2);
    clock.advance(300_000);
    assert.equal(await run, true);
    assert.deepEqual(failed, [false, false, true, false, true]);
  });

  for (const [policy, detail, status] of [
    ["a quorum", "judges", "failed"],
    ["a quorum", "reward", "failed"],
    ["degrade", "judges", "degraded"],
    ["degrade", "reward", "degraded"],
  ] as const) {
    it(`waits for a server that goes away under ${policy}, with rows of detail ${detail}`, async () => {
      const clock = manualClock();
      const away = new GatewayError("BACKEND_UNAVAILABLE", "away");
      const partOf = (failure?: GatewayError, shadow = false) =>
        failure ? { shadow, outcome: "failed", failure: { reason: failure.reason } } : { shadow, outcome: "scored" };
      let parts = [partOf(), partOf(undefined, true)];
      let asked = 0;
      const service = {
        score: async ({ items, options }: ScoreRequest) => {
          asked++;
          const { reason } = new GatewayError("PANEL_INCOMPLETE", "too few");
          const failed = parts.some(({ shadow, outcome }) => !shadow && outcome === "failed");
          const result = { ...(failed && { status }), ...(failed && status === "failed" && { failure: { reason } }) };
          const candidate = { status: "complete", ...result, judges: options.detail === "reward" ? [] : parts };
          return { results: [{ id: items[0]!.id, candidates: [candidate] }], usage: { candidates: 1, tokens: 0, cachedScores: 0 } };
        },
      } as unknown as RewardService;
      const rows: ResultRow[] = [];
      const run = scoreRecords(stream([record(1, 1), record(2, 1), record(3, 1), record(4, 1)]), {
        ...{ service, panel, window: 1, signal: new AbortController().signal, clock },
        options: { ...DEFAULT_OPTIONS, detail },
        onRow: async (_, row) => {
          rows.push(row);
          // The server of a judge that is only watched goes after the first record, that of one that counts after the second.
          parts = rows.length === 1 ? [partOf(), partOf(away, true)] : rows.length === 2 ? [partOf(away), partOf()] : [partOf(), partOf()];
        },
      });
      while (clock.pending === 0 && rows.length < 4) await turn();
      assert.deepEqual([rows.length, asked], [2, 3]);
      parts = [partOf(), partOf()];
      clock.advance(60_000);
      assert.equal(await run, true);
      assert.deepEqual(
        rows.map(({ candidates }) => [candidates[0]!.status, candidates[0]!.judges.length]),
        Array(4).fill(["complete", detail === "reward" ? 0 : 2]),
      );
    });
  }

  it("tells in rows of detail reward whether a panel that is incomplete may be whole later, which its judges know", async () => {
    const failed = (reason: ErrorReason, retryable: boolean) => ({ shadow: false, outcome: "failed", failure: { reason, retryable } });
    const failure = { reason: "PANEL_INCOMPLETE", message: "too few", retryable: true };
    const parts = [[failed("JUDGE_OUTPUT_UNREADABLE", false)], [failed("JUDGE_OUTPUT_UNREADABLE", false), failed("QUEUE_FULL", true)]];
    const service = {
      score: async ({ items }: ScoreRequest) => {
        const candidates = parts.map((judges) => ({ status: "failed", failure, missing: ["a"], judges }));
        return { results: [{ id: items[0]!.id, candidates }], usage: { candidates: 2, tokens: 0, cachedScores: 0 } };
      },
    } as unknown as RewardService;
    const again = async (detail: Detail) => {
      const rows: ResultRow[] = [];
      const options = { ...DEFAULT_OPTIONS, detail };
      const signal = new AbortController().signal;
      await scoreRecords(stream([record(1)]), { service, panel, window: 4, signal, options, onRow: async (_, row) => void rows.push(row) });
      return rows[0]!.candidates.map((candidate) => mayHavePassed({ candidates: [candidate] }));
    };
    assert.deepEqual(await again("judges"), [false, true]);
    assert.deepEqual(await again("reward"), [false, true]);
  });

  for (const [records, what] of [
    [5, "writes the finished beginning and nothing after it when it is interrupted"],
    [7, "leaves no gap when it is interrupted while more records wait than the window takes"],
  ] as const) {
    it(what, async () => {
      const { service, waiting } = scriptedService();
      const controller = new AbortController();
      const lines: number[] = [];
      const run = scoreRecords(stream(Array.from({ length: records }, (_, index) => record(index + 1))), {
        service,
        panel,
        options: DEFAULT_OPTIONS,
        window: 8,
        signal: controller.signal,
        onRow: async (_, row) => void lines.push(row.line),
      });
      await turn();
      const finish = (id: string) => waiting.find((one) => one.id === id)!.finish();
      finish("id-1");
      finish("id-3");
      await turn();
      controller.abort();
      assert.equal(await run, false);
      assert.deepEqual(lines, [1]);
    });
  }

  it("tells the source that no more is wanted when it is interrupted, and when a row cannot be written", async () => {
    for (const end of ["interrupted", "unwritten"] as const) {
      const { service, waiting } = scriptedService();
      const controller = new AbortController();
      let closed = false;
      async function* source() {
        try {
          for (let line = 1; ; line++) yield record(line);
        } finally {
          closed = true;
        }
      }
      const run = scoreUnwritable(source(), service, controller.signal);
      while (waiting.length < 2) await turn();
      if (end === "interrupted") {
        controller.abort();
        assert.equal(await run, false);
      } else {
        waiting[0]!.finish();
        await assert.rejects(run, /the disk is full/);
      }
      assert.ok(closed, end);
    }
  });

  it("does not wait for a source that waits for its own input, which is told all the same", async () => {
    const { service, waiting } = scriptedService();
    let closed = false;
    let more = () => {};
    const input = new Promise<void>((resolve) => {
      more = resolve;
    });
    async function* source() {
      try {
        yield record(1);
        await input;
        yield record(2);
      } finally {
        closed = true;
      }
    }
    const run = scoreUnwritable(source(), service, new AbortController().signal);
    while (waiting.length < 1) await turn();
    waiting[0]!.finish();
    await assert.rejects(run, /the disk is full/);
    assert.equal(closed, false);
    more();
    await turn();
    assert.ok(closed);
    assert.equal(waiting.length, 0);
  });
});
