import { fstatSync, statSync } from "node:fs";
import type { Gateway } from "../../app.ts";
import type { ScoreOptions } from "../../domain/score.ts";
import { EXIT, type SetExit, UsageError } from "../failure.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { claimOutput } from "./claim.ts";
import { type LineSource, openLines } from "./lines.ts";
import { earlierRows, fileSink, type OutputFile, openOutput, type ResultRow, recordedOptions, streamSink } from "./output.ts";
import { createProgress } from "./progress.ts";
import { type BrokenRecord, parseRecord, type ScoreRecord } from "./records.ts";
import { createLabelTally, type RunCounts, showReport } from "./report.ts";
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

async function scoreLines(source: LineSource, run: FileRun, signal: AbortSignal): Promise<void> {
  const { flags } = run;
  const output = flags.output === undefined ? undefined : await openOutput(flags.output, flags);
  const sink = output === undefined ? streamSink(process.stdout) : fileSink(output);
  const gateway = await run.open();
  const tally = createLabelTally();
  const seen = { records: 0, candidates: 0, tokens: 0, cachedScores: 0, resumed: 0, failed: [] as string[] };
  const count = (record: ScoreRecord | BrokenRecord, row: ResultRow) => {
    if (hasFailed(row)) seen.failed.push(row.id ?? `line ${row.line}`);
    if ("item" in record)
      tally.add(
        record,
        record.candidates.map((_, i) => row.candidates[i]?.reward),
      );
  };
  const panel = { name: run.panel, revision: gateway.service.panels().find(({ name }) => name === run.panel)!.revision };
  const progress = createProgress(flags.limit ?? source.size);
  /** Where in the file the records end that are under way, in order. */
  const ends: number[] = [];
  let began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  try {
    const records = remaining(source, {
      ...flags,
      rows: earlierRows(flags.output ?? "", output?.earlier ?? 0, panel.revision, recordedOptions(run.options)),
      output,
      onRecord: (end) => ends.push(end),
      onEarlier: (record, row) => {
        seen.resumed++;
        count(record, row);
        began = performance.now();
      },
    });
    const whole = await scoreRecords(records, {
      service: gateway.service,
      panel,
      options: run.options,
      window: WINDOW,
      signal,
      onRow: async (record, row, usage: RowUsage) => {
        await sink.write(row);
        count(record, row);
        seen.records++;
        seen.candidates += usage.candidates;
        seen.tokens += usage.tokens;
        seen.cachedScores += usage.cachedScores;
        const end = ends.shift()!;
        progress.update(flags.limit === undefined ? end : seen.resumed + seen.records, { candidates: seen.candidates, seconds: seconds() });
      },
    });
    progress.stop();
    if (whole && flags.limit === undefined && seen.resumed < (output?.earlier ?? 0)) {
      throw new UsageError(`${flags.output} holds results of more records than ${run.path} has; --overwrite starts anew`);
    }
    const counts: RunCounts = { ...seen, seconds: seconds() };
    finish(run, counts, tally.report(), whole);
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

/** Prints the report: on standard output when results go to a file, else beside them on standard error. */
function finish(run: FileRun, counts: RunCounts, labels: ReturnType<ReturnType<typeof createLabelTally>["report"]>, whole: boolean): void {
  const { flags, exit } = run;
  const report = flags.json ? JSON.stringify({ panel: run.panel, ...counts, labels }) : showReport(counts, labels);
  (flags.output === undefined ? process.stderr : process.stdout).write(`${report}\n`);
  if (counts.failed.length > 0) exit(EXIT.partial);
  if (whole) return;
  const hint = flags.output === undefined ? "" : `; go on with --output ${flags.output} --resume`;
  process.stderr.write(`interrupted after ${counts.resumed + counts.records} records${hint}\n`);
  exit(EXIT.interrupted);
}

interface Remaining {
  readonly limit?: number;
  readonly output: OutputFile | undefined;
  readonly rows: AsyncGenerator<ResultRow>;
  /** Before a record is scored. */
  onRecord(end: number): void;
  onEarlier(record: ScoreRecord | BrokenRecord, row: ResultRow): void;
}

/** The records of the file that have no result yet; those that have one are told to `onEarlier`, in order. */
async function* remaining(
  source: LineSource,
  { limit = Infinity, rows, output, onRecord, onEarlier }: Remaining,
): AsyncGenerator<ScoreRecord | BrokenRecord> {
  let place = 0;
  for await (const { number, text, end } of source.lines) {
    const record = parseRecord(number, text);
    if (place < (output?.earlier ?? 0)) {
      const { value: row } = await rows.next();
      const id = "item" in record ? record.item.id : (record.id ?? null);
      if (row === undefined || row.line !== number || row.id !== id) {
        throw new UsageError(`line ${number} of the input is not what the output was made from; --overwrite starts anew`);
      }
      onEarlier(record, row);
    } else {
      onRecord(end);
      yield record;
    }
    place++;
    // Before the next line is waited for, which may be never.
    if (place === limit) return;
  }
}
