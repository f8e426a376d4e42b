import type { Backend, CallResult } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Judge, RawScore } from "../domain/judge.ts";

/** An item whose scores the judge's makers recorded. */
export interface GoldenRow {
  readonly id: string;
  /** One prompt with exactly one candidate. */
  readonly item: Item;
  readonly score: number;
  readonly objectives?: readonly number[];
  readonly gating?: readonly number[];
}

export interface SelfTestOptions {
  readonly judge: Judge;
  readonly backend: Backend;
  readonly rows: readonly GoldenRow[];
  /** Largest difference from a recorded number that passes. */
  readonly tolerance: number;
  /** How many orders of the rows are tried for the determinism class. */
  readonly compositions: number;
}

export interface SelfTestReport {
  readonly judge: string;
  readonly rows: number;
  /** Largest difference from a recorded number, items scored alone. */
  readonly goldenMaxAbsError: number;
  /** Largest difference between an item alone and the same item among others. */
  readonly compositionMaxAbsError: number;
}

type Numbers = readonly number[];

/**
 * Checks a judge on its backend before it serves: it must reproduce its golden scores, and its scores must move among
 * batch-mates no further than its determinism class says.
 *
 * @throws {GatewayError} CONFIG_INVALID with the row, the two numbers and what to look at
 */
export async function selfTest(options: SelfTestOptions): Promise<SelfTestReport> {
  const { judge, backend, rows, tolerance } = options;
  const alone: Numbers[] = [];
  for (const row of rows) alone.push(...(await scoreTogether(options, [row])));
  let goldenMaxAbsError = 0;
  for (const [index, row] of rows.entries()) {
    const recorded = [row.score, ...(row.objectives ?? []), ...(row.gating ?? [])];
    const computed = row.objectives ? alone[index]! : alone[index]!.slice(0, 1);
    const difference = maxAbsDifference(recorded, computed);
    if (!(difference <= tolerance)) {
      throw new GatewayError(
        "CONFIG_INVALID",
        `judge "${judge.name}" does not reproduce its golden scores: row "${row.id}" is off by ${difference} (tolerance ${tolerance}); ` +
          "the model, tokenizer, template or runtime is not the one the scores were made with",
      );
    }
    goldenMaxAbsError = Math.max(goldenMaxAbsError, difference);
  }
  let compositionMaxAbsError = 0;
  for (let turn = 0; turn < options.compositions && backend.limits.batchable && judge.determinism.class !== "none"; turn++) {
    const order = rows.map((_, index) => (index * (2 * turn + 1) + turn) % rows.length);
    const distinct = [...new Set(order)];
    for (let start = 0; start < distinct.length; start += backend.limits.maxBatchCalls) {
      const chosen = distinct.slice(start, start + backend.limits.maxBatchCalls);
      const together = await scoreTogether(
        options,
        chosen.map((index) => rows[index]!),
      );
      for (const [position, index] of chosen.entries()) {
        compositionMaxAbsError = Math.max(compositionMaxAbsError, maxAbsDifference(alone[index]!, together[position]!));
      }
    }
  }
  const allowed = judge.determinism.class === "tolerance" ? judge.determinism.bound : 0;
  if (judge.determinism.class !== "none" && !(compositionMaxAbsError <= allowed)) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `judge "${judge.name}" declares determinism ${judge.determinism.class}, but a score moved by ${compositionMaxAbsError} among ` +
        `batch-mates (allowed ${allowed}); declare a wider bound, or "none", which runs every call alone`,
    );
  }
  return { judge: judge.name, rows: rows.length, goldenMaxAbsError, compositionMaxAbsError };
}

/** Runs the rows in one batch: per row the raw value, then objectives, then gating. */
async function scoreTogether({ judge, backend }: SelfTestOptions, rows: readonly GoldenRow[]): Promise<Numbers[]> {
  const asks = rows.map((row) => judge.encode(row.item)[0]!);
  const prepared = await backend.prepare(asks.flatMap((ask) => ask.calls));
  const calls = prepared.map((call) => {
    if (call instanceof Error) throw call;
    return call;
  });
  const results: CallResult[] = await backend.run(calls);
  let next = 0;
  return asks.map((ask, index) => {
    const own = results.slice(next, next + ask.calls.length);
    next += ask.calls.length;
    return numbersOf(judge.decode(ask, own, rows[index]!.item)[0]!, judge, rows[index]!);
  });
}

function numbersOf(score: RawScore, judge: Judge, row: GoldenRow): Numbers {
  if (score.outcome !== "scored") {
    throw new GatewayError("CONFIG_INVALID", `judge "${judge.name}" abstains on its golden row "${row.id}"`);
  }
  return [score.value, ...(score.objectives ?? []), ...(score.gating ?? [])];
}

/** Largest absolute difference; NaN when lengths differ or a number is NaN. */
function maxAbsDifference(a: Numbers, b: Numbers): number {
  if (a.length !== b.length) return Number.NaN;
  let max = 0;
  for (const [index, value] of a.entries()) {
    const difference = Math.abs(value - b[index]!);
    if (!(difference <= max)) max = difference;
  }
  return max;
}
