import { once } from "node:events";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import type { CandidateResult, Detail, Failure, ScoreOptions } from "../../domain/score.ts";
import { UsageError } from "../failure.ts";
import { openLines } from "./lines.ts";

/** One line of the output: what became of one record. */
export interface ResultRow {
  /** Line of the record in the input, from 1. */
  readonly line: number;
  readonly id: string | null;
  readonly panel: string;
  readonly panelRevision: string;
  /** What the row says, where it is not what files say by default. */
  readonly detail?: Detail;
  /** Weights of objectives that the command stated. */
  readonly objectives?: Readonly<Record<string, number>>;
  /** One per candidate, in the record's order; empty when the record as a whole failed. */
  readonly candidates: readonly CandidateResult[];
  readonly failure?: Failure;
}

const DEFAULT_DETAIL: Detail = "judges";

/** What a row records of the options that it was scored with: all that the command line can state. */
export function recordedOptions({ detail, steering }: ScoreOptions): Pick<ResultRow, "detail" | "objectives"> {
  return { ...(detail !== DEFAULT_DETAIL && { detail }), ...(steering && { objectives: steering.weights }) };
}

/** The same as flags, in one order. */
function flagsOf({ detail = DEFAULT_DETAIL, objectives = {} }: Pick<ResultRow, "detail" | "objectives">): string {
  const weights = Object.entries(objectives).map(([name, weight]) => `--objective ${name}=${weight}`);
  return [`--detail ${detail}`, ...weights.sort()].join(" ");
}

/** Where results go, one line each, in order. */
export interface ResultSink {
  /** Resolves when the line was handed over. */
  write(row: ResultRow): Promise<void>;
  close(): Promise<void>;
}

/** Results on a stream, such as standard output. */
export function streamSink(stream: Writable): ResultSink {
  return {
    async write(row) {
      if (!stream.write(`${JSON.stringify(row)}\n`)) await once(stream, "drain");
    },
    close: async () => {},
  };
}

/** Results at the end of a file. The first takes the place of a half-written line. */
export function fileSink({ handle, torn }: OutputFile): ResultSink {
  let cut = torn;
  return {
    // One write a line, so that whatever ends the process leaves whole lines and at most one piece of a line.
    write: async (row) => {
      if (cut !== undefined) await handle.truncate(cut);
      cut = undefined;
      await handle.appendFile(`${JSON.stringify(row)}\n`);
    },
    close: () => handle.close(),
  };
}

/** An output file, and how much of it is there already. */
export interface OutputFile {
  readonly handle: FileHandle;
  /** Whole lines that an earlier run wrote. */
  readonly earlier: number;
  /** Where a half-written line begins behind them; absent where there is none. */
  readonly torn?: number;
}

/**
 * Opens the output file. What an earlier run wrote stays as it is until the first row is written: it may be refused before.
 *
 * @throws {UsageError} when it holds results and neither `resume` nor `overwrite` says what to do with them, and when it ends in what
 *   is no result
 */
export async function openOutput(path: string, how: { readonly resume: boolean; readonly overwrite: boolean }): Promise<OutputFile> {
  const stats = await stat(path).catch(() => undefined);
  const holdsResults = stats?.isFile() === true && stats.size > 0;
  if (holdsResults && !how.resume && !how.overwrite) {
    throw new UsageError(`${path} exists; --resume goes on where it ends, --overwrite starts anew`);
  }
  try {
    const handle = await open(path, how.resume ? "a+" : "w");
    if (!holdsResults || !how.resume) return { handle, earlier: 0 };
    const { lines, end } = await wholeLines(handle);
    if (end === stats.size) return { handle, earlier: lines };
    if (!(await beginsRow(handle, end))) {
      throw new UsageError(`${path} ends in no result of rewardgate score; --overwrite starts anew`);
    }
    return { handle, earlier: lines, torn: end };
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`cannot write ${path} (${(cause as NodeJS.ErrnoException).code}); check the folder and its permissions`);
  }
}

/** How many lines end in a line end, and the offset after the last of them. */
async function wholeLines(handle: FileHandle): Promise<{ lines: number; end: number }> {
  const buffer = Buffer.alloc(1 << 20);
  let lines = 0;
  let end = 0;
  for (let offset = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) return { lines, end };
    for (let at = buffer.indexOf(10); at >= 0 && at < bytesRead; at = buffer.indexOf(10, at + 1)) {
      lines++;
      end = offset + at + 1;
    }
    offset += bytesRead;
  }
}

/** Whether what stands from an offset to the end is a row, or a piece of one. */
async function beginsRow(handle: FileHandle, offset: number): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(ROW_HEAD.length), 0, ROW_HEAD.length, offset);
  return ROW_HEAD.startsWith(buffer.toString("latin1", 0, bytesRead));
}

/** How a row begins. */
const ROW_HEAD = '{"line":';

/**
 * Rows of an earlier run, in order.
 *
 * @throws {UsageError} when a line is no row of this panel revision and these options
 */
export async function* earlierRows(
  path: string,
  count: number,
  panelRevision: string,
  options: ReturnType<typeof recordedOptions> = {},
): AsyncGenerator<ResultRow> {
  if (count === 0) return;
  let left = count;
  const { lines } = await openLines(path);
  for await (const { number, text } of lines) {
    const row = parseRow(text);
    if (row === undefined) throw new UsageError(`${path}:${number} is no result of rewardgate score; --overwrite starts anew`);
    if (row.panelRevision !== panelRevision) {
      throw new UsageError(
        `${path}:${number} was scored by another revision of the panel (${row.panelRevision.slice(0, 12)}, now ` +
          `${panelRevision.slice(0, 12)}); results of two do not mix: --overwrite starts anew`,
      );
    }
    const [before, now] = [flagsOf(row), flagsOf(options)];
    if (before !== now) {
      throw new UsageError(
        `${path}:${number} was scored with ${before}, now with ${now}; results of two do not mix: state the same, or --overwrite starts anew`,
      );
    }
    yield row;
    left--;
    if (left === 0) return;
  }
}

function parseRow(text: string): ResultRow | undefined {
  try {
    const row = JSON.parse(text) as Partial<ResultRow> | null;
    const isRow = typeof row?.line === "number" && typeof row.panelRevision === "string" && Array.isArray(row.candidates);
    return isRow ? (row as ResultRow) : undefined;
  } catch {
    return undefined;
  }
}
