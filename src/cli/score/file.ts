import { fstatSync, statSync } from "node:fs";
import type { Gateway } from "../../app.ts";
import type { ScoreOptions } from "../../domain/score.ts";
import { EXIT, type SetExit, UsageError } from "../failure.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { failuresIn, mayHavePassed } from "./causes.ts";
import { claimOutput } from "./claim.ts";
import { type LineSource, openLines } from "./lines.ts";
import { fileSink, openOutput, streamSink } from "./output.ts";
import { createProgress } from "./progress.ts";
import { type BrokenRecord, parseRecord, type ScoreRecord } from "./records.ts";
import { createLabelTally, type RunCounts, showReport } from "./report.ts";
import { earlierRows, type ResultRow, recordedOptions } from "./rows.ts";
import { hasFailed, type RowUsage, scoreRecords } from "./run.ts";

/** Candidates under way or waiting for their turn to be written: enough for full batches of like lengths, and a bound on memory. */
const WINDOW = 512;

export interface FileRun {
  readonly path: string;
  readonly panel: string;
  readonly options: ScoreOptions;
  readonly flags: {
    readonly json: boolean;
    readonly output?: string;
    readonly resume: boolean;
    readonly overwrite: boolean;
    readonly limit?: number;
  };
  readonly open: () => Promise<Gateway>;
  readonly exit: SetExit;
}

/** Scores a file of records and prints what they say about the panel. */
export async function scoreFile(run: FileRun): Promise<void> {
  const { flags } = run;
  if (flags.output !== undefined && isSameFile(run.path, flags.output)) {
    throw new UsageError(`${flags.output} is the file that is read; results would take its place: name another with --output`);
  }
  const interruption = listenForInterrupt();
  const source = await openLines(run.path, interruption.signal);
  let release = () => {};
  try {
    if (flags.output !== undefined) release = await claimOutput(flags.output);
    await scoreLines(source, run, interruption.signal);
  } finally {
    release();
    source.close();
    interruption.stop();
  }
}

/** A record under way. */
interface UnderWay {
  readonly record: ScoreRecord | BrokenRecord;
  /** Where in the input it ends. */
  readonly end: number;
  /** What an earlier run made of it, where it is scored again. */
  readonly before?: { readonly row: ResultRow; readonly place: number };
}

async function scoreLines(source: LineSource, run: FileRun, signal: AbortSignal): Promise<void> {
  const { flags } = run;
  const output = flags.output === undefined ? undefined : await openOutput(flags.output, flags);
  const sink = output === undefined ? streamSink(process.stdout) : fileSink(output);
  const gateway = await run.open().catch(async (thrown) => {
    await sink.close();
    throw thrown;
  });
  const tally = createLabelTally();
  const seen = { records: 0, candidates: 0, tokens: 0, cachedScores: 0, resumed: 0, again: 0, failed: [] as string[] };
  const count = (record: ScoreRecord | BrokenRecord, row: ResultRow) => {
    if (hasFailed(row)) seen.failed.push(row.id ?? `line ${row.line}`);
    if ("item" in record)
      tally.add(
        record,
        record.candidates.map((_, i) => row.candidates[i]?.reward),
      );
  };
  const keep = (record: ScoreRecord | BrokenRecord, row: ResultRow) => {
    seen.resumed++;
    count(record, row);
  };
  const panel = { name: run.panel, revision: gateway.service.panels().find(({ name }) => name === run.panel)!.revision };
  const progress = createProgress(flags.limit ?? source.size);
  const earlier = output?.earlier ?? 0;
  /** In order. */
  const underWay: UnderWay[] = [];
  let began: number | undefined;
  const seconds = () => (began === undefined ? 0 : (performance.now() - began) / 1000);
  try {
    const records = remaining(source, {
      ...flags,
      rows: earlierRows(flags.output ?? "", earlier, panel.revision, recordedOptions(run.options)),
      earlier,
      onRecord: (started) => {
        began ??= performance.now();
        underWay.push(started);
      },
      onEarlier: keep,
    });
    const whole = await scoreRecords(records, {
      service: gateway.service,
      panel,
      options: run.options,
      window: WINDOW,
      signal,
      onRow: async (record, row, usage: RowUsage) => {
        const { end, before } = underWay.shift()!;
        const stays = before !== undefined && failuresIn(before.row) < failuresIn(row);
        if (!stays) await sink.write(row, before?.place);
        count(record, stays ? before.row : row);
        seen.records++;
        if (before !== undefined) seen.again++;
        seen.candidates += usage.candidates;
        seen.tokens += usage.tokens;
        seen.cachedScores += usage.cachedScores;
        progress.update(flags.limit === undefined ? end : seen.resumed + seen.records, { candidates: seen.candidates, seconds: seconds() });
      },
    });
    progress.stop();
    if (whole && flags.limit === undefined && seen.resumed + seen.again < earlier) {
      throw new UsageError(`${flags.output} holds results of more records than ${run.path} has; --overwrite starts anew`);
    }
    await sink.finish();
    // What was to be scored again when the run was interrupted stays as it is.
    for (const { record, before } of underWay) if (before !== undefined) keep(record, before.row);
    const counts: RunCounts = { ...seen, seconds: seconds() };
    finish(run, counts, tally.report(), whole ? undefined : Math.max(earlier, seen.resumed + seen.records));
  } catch (thrown) {
    // What was scored again may be of another input than the rest.
    if (thrown instanceof UsageError) await sink.discard();
    throw thrown;
  } finally {
    progress.stop();
    await sink.close();
    await gateway.close(0);
  }
}

/** Whether the input, `-` for standard input, and the output are one file, whatever they are called. */
function isSameFile(input: string, output: string): boolean {
  const read = input === "-" ? fstatSync(0) : statSync(input, { throwIfNoEntry: false });
  const written = statSync(output, { throwIfNoEntry: false });
  return written?.isFile() === true && read?.dev === written.dev && read.ino === written.ino;
}

/**
 * Prints the report: on standard output when results go to a file, else beside them on standard error.
 *
 * @param interrupted how many records have a result, where not all have
 */
function finish(
  run: FileRun,
  counts: RunCounts,
  labels: ReturnType<ReturnType<typeof createLabelTally>["report"]>,
  interrupted: number | undefined,
): void {
  const { flags, exit } = run;
  const report = flags.json ? JSON.stringify({ panel: run.panel, ...counts, labels }) : showReport(counts, labels);
  (flags.output === undefined ? process.stderr : process.stdout).write(`${report}\n`);
  if (counts.failed.length > 0) exit(EXIT.partial);
  if (interrupted === undefined) return;
  const hint = flags.output === undefined ? "" : `; go on with --output ${flags.output} --resume`;
  process.stderr.write(`interrupted after ${interrupted} records${hint}\n`);
  exit(EXIT.interrupted);
}

interface Remaining {
  readonly limit?: number;
  /** Results that there are, in order, and how many. */
  readonly rows: AsyncGenerator<ResultRow>;
  readonly earlier: number;
  /** Before a record is scored. */
  onRecord(started: UnderWay): void;
  onEarlier(record: ScoreRecord | BrokenRecord, row: ResultRow): void;
}

/** The records of the file that have no result yet, or one that may be better now; the others are told to `onEarlier`, in order. */
async function* remaining(
  source: LineSource,
  { limit = Infinity, rows, earlier, onRecord, onEarlier }: Remaining,
): AsyncGenerator<ScoreRecord | BrokenRecord> {
  let place = 0;
  try {
    for await (const { number, text, end } of source.lines) {
      const record = parseRecord(number, text);
      const row = place < earlier ? await earlierRow(rows, record) : undefined;
      if (row !== undefined && !mayHavePassed(row)) onEarlier(record, row);
      else {
        onRecord({ record, end, ...(row && { before: { row, place } }) });
        yield record;
      }
      place++;
      // Before the next line is waited for, which may be never.
      if (place === limit) return;
    }
  } finally {
    await rows.return(undefined);
  }
}

/** The result that a record has. */
async function earlierRow(rows: AsyncGenerator<ResultRow>, record: ScoreRecord | BrokenRecord): Promise<ResultRow> {
  const { value: row } = await rows.next();
  const id = "item" in record ? record.item.id : (record.id ?? null);
  if (row === undefined || row.line !== record.line || row.id !== id) {
    throw new UsageError(`line ${record.line} of the input is not what the output was made from; --overwrite starts anew`);
  }
  return row;
}
