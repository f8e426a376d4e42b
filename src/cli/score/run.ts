import { type Clock, systemClock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import { pause } from "../../domain/pause.ts";
import type { CandidateResult, Failure, ScoreOptions } from "../../domain/score.ts";
import type { RewardService } from "../../domain/service.ts";
import { hasPassingCause, judgesAway, judgesThere } from "./causes.ts";
import type { BrokenRecord, ScoreRecord } from "./records.ts";
import { type ResultRow, recordedOptions } from "./rows.ts";

export interface RunOptions {
  readonly service: RewardService;
  readonly panel: { readonly name: string; readonly revision: string };
  readonly options: ScoreOptions;
  /** Candidates that may be under way or waiting to be written; bounds memory. */
  readonly window: number;
  /** Aborts scoring; what is finished and next in order is still written. */
  readonly signal: AbortSignal;
  /** Default that of the machine. */
  readonly clock?: Clock;
  /** Called in order, once per record. The next records wait for it. */
  onRow(record: ScoreRecord | BrokenRecord, row: ResultRow, usage: RowUsage): Promise<void>;
}

/** What a record cost. */
export interface RowUsage {
  readonly candidates: number;
  readonly tokens: number;
  readonly cachedScores: number;
}

/** How long a judge's server may be away since it answered last, milliseconds, and the pause between tries. */
const PATIENCE_MS = 300_000;
const PAUSE_MS = 2_000;

/** When each judge answered last; one that was never there is no outage. */
type Answered = Map<string, number>;

const NO_USAGE: RowUsage = { candidates: 0, tokens: 0, cachedScores: 0 };

type Outcome =
  | { readonly row: ResultRow; readonly usage: RowUsage; readonly away: readonly string[]; readonly there: readonly string[] }
  | "cancelled";

/** A record under way. */
interface Pending {
  readonly record: ScoreRecord | BrokenRecord;
  readonly size: number;
  readonly done: Promise<Outcome>;
}

/**
 * Scores records as they come, many at once, and hands the results over in the order of the records. However it ends, the source is told
 * that no more is wanted of it.
 *
 * @returns whether all records were scored; false when the signal ended it before
 */
export async function scoreRecords(records: AsyncIterable<ScoreRecord | BrokenRecord>, run: RunOptions): Promise<boolean> {
  const pending: Pending[] = [];
  const answered: Answered = new Map();
  let size = 0;
  const finishFirst = async (): Promise<boolean> => {
    const first = pending.shift()!;
    const outcome = await first.done;
    size -= first.size;
    if (outcome === "cancelled") {
      // What was finished behind it is left out as well: rows stand in the order of the records, without a gap.
      pending.length = 0;
      return false;
    }
    await run.onRow(first.record, outcome.row, outcome.usage);
    return true;
  };
  const source = records[Symbol.asyncIterator]();
  let coming = source.next();
  let asked = true;
  try {
    for (;;) {
      // Records may come slowly, from a pipe: what is finished is written while the next is waited for.
      const arrived = await (pending.length === 0 ? coming : Promise.race([coming, pending[0]!.done.then(() => undefined)]));
      if (arrived === undefined) {
        if (await finishFirst()) continue;
        break;
      }
      asked = false;
      if (arrived.done === true || run.signal.aborted) break;
      const record = arrived.value;
      const own = "item" in record ? record.item.candidates.length : 1;
      while (pending.length > 0 && size + own > run.window) {
        if (!(await finishFirst())) break;
      }
      if (run.signal.aborted) break;
      pending.push({ record, size: own, done: scoreWaiting(record, run, answered) });
      size += own;
      coming = source.next();
      asked = true;
    }
    while (pending.length > 0) {
      if (!(await finishFirst())) break;
    }
  } finally {
    const closed = source.return?.().catch(() => {});
    // One that waits for its own input hears of it when that comes, which may be never.
    if (!asked) await closed;
  }
  // The promises of what is left never reject.
  return !run.signal.aborted;
}

/**
 * Scores a record, and again while the server of a judge is away: a file would otherwise run through an outage of seconds with thousands
 * of failures.
 */
async function scoreWaiting(record: ScoreRecord | BrokenRecord, run: RunOptions, answered: Answered): Promise<Outcome> {
  const { clock = systemClock, signal } = run;
  for (;;) {
    const outcome = await scoreOne(record, run);
    if (outcome === "cancelled" || !("item" in record)) return outcome;
    for (const judge of outcome.there) answered.set(judge, clock.now());
    if (!outcome.away.some((judge) => clock.now() - (answered.get(judge) ?? -Infinity) < PATIENCE_MS)) return outcome;
    await pause(clock, PAUSE_MS, signal);
    if (signal.aborted) return "cancelled";
  }
}

async function scoreOne(record: ScoreRecord | BrokenRecord, run: RunOptions): Promise<Outcome> {
  const { panel, signal } = run;
  const row = { line: record.line, panel: panel.name, panelRevision: panel.revision, ...recordedOptions(run.options) };
  if (!("item" in record)) {
    const failure: Failure = { reason: "REQUEST_INVALID", message: record.problem, retryable: false };
    return { row: { ...row, id: record.id ?? null, candidates: [], failure }, usage: NO_USAGE, away: [], there: [] };
  }
  const { id } = record.item;
  const brief = run.options.detail === "reward";
  try {
    // The judges tell who was away, also where the row leaves them out.
    const options: ScoreOptions = brief ? { ...run.options, detail: "judges" } : run.options;
    const request = { panel: panel.name, items: [record.item], options };
    const result = await run.service.score(request, { requestId: `line-${record.line}`, transport: "cli", signal });
    const { tokens, cachedScores } = result.usage;
    const { candidates } = result.results[0]!;
    return {
      row: { ...row, id, candidates: brief ? candidates.map(withoutParts) : candidates },
      usage: { candidates: candidates.length, tokens, cachedScores },
      away: judgesAway({ candidates }),
      there: judgesThere({ candidates }),
    };
  } catch (thrown) {
    if (signal.aborted) return "cancelled";
    const { reason, message, retryable } = GatewayError.from(thrown);
    const failed: ResultRow = { ...row, id, candidates: [], failure: { reason, message, retryable } };
    return { row: failed, usage: NO_USAGE, away: judgesAway(failed), there: [] };
  }
}

/** A candidate's result as detail `reward` has it. Whether its failure may pass, which the judges know, the failure tells in their place. */
function withoutParts(result: CandidateResult): CandidateResult {
  const { status, constraints, failure } = result;
  return {
    ...result,
    judges: [],
    ...(status === "failed" && failure && { failure: { ...failure, retryable: hasPassingCause(result) } }),
    ...(constraints && { constraints: { ...constraints, parts: [] } }),
  };
}

/** Whether a record has a candidate without a reward. */
export function hasFailed(row: ResultRow): boolean {
  return row.failure !== undefined || row.candidates.some(({ status }) => status === "failed");
}
