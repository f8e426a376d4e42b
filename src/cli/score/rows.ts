import type { FileHandle } from "node:fs/promises";
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

/** Whether two rows are of one record, scored by one revision of the panel with the same options. */
export function isSameRecord(a: ResultRow, b: ResultRow): boolean {
  return a.line === b.line && a.id === b.id && a.panelRevision === b.panelRevision && flagsOf(a) === flagsOf(b);
}

/** How a row begins. */
const HEAD = '{"line":';

/**
 * How many rows a file holds, the offset after the last of them, and whether a piece of a row stands behind it.
 *
 * @throws {UsageError} when something else does
 */
export async function wholeRows(handle: FileHandle, path: string): Promise<{ count: number; end: number; torn: boolean }> {
  const buffer = Buffer.alloc(1 << 20);
  let count = 0;
  let end = 0;
  let offset = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) break;
    for (let at = buffer.indexOf(10); at >= 0 && at < bytesRead; at = buffer.indexOf(10, at + 1)) {
      if (offset + at > end) count++;
      end = offset + at + 1;
    }
    offset += bytesRead;
  }
  if (!(await beginsRow(handle, end))) {
    throw new UsageError(`${path} ends in no result of rewardgate score; --overwrite starts anew`);
  }
  return { count, end, torn: offset > end };
}

/** Whether a row begins at an offset, or a piece of one. */
export async function beginsRow(handle: FileHandle, offset = 0): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD.length), 0, HEAD.length, offset);
  return HEAD.startsWith(buffer.toString("latin1", 0, bytesRead));
}

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
  const { lines, close } = await openLines(path);
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
    left--;
    // Who takes the last row asks for no other.
    if (left === 0) close();
    yield row;
    if (left === 0) return;
  }
}

/** A line of an output; undefined when it is none. */
export function parseRow(text: string | undefined): ResultRow | undefined {
  try {
    const row = JSON.parse(text ?? "") as Partial<ResultRow> | null;
    const isRow = typeof row?.line === "number" && typeof row.panelRevision === "string" && Array.isArray(row.candidates);
    return isRow ? (row as ResultRow) : undefined;
  } catch {
    return undefined;
  }
}
