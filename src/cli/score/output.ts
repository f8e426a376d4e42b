import { once } from "node:events";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import { UsageError } from "../failure.ts";
import { discardRewrite, isBegun, openRewrite, type Rewrite } from "./rewrite.ts";
import { type ResultRow, wholeRows } from "./rows.ts";

/** Where results go, one line each, in order. */
export interface ResultSink {
  /**
   * Resolves when the line was handed over.
   *
   * @param place of the earlier row that it replaces, from 0; such rows come first. Without it the row is a further one
   */
  write(row: ResultRow, place?: number): Promise<void>;
  /** No row comes any more: what was replaced is replaced. */
  finish(): Promise<void>;
  /** Nothing is replaced. */
  discard(): Promise<void>;
  close(): Promise<void>;
}

/** Results on a stream, such as standard output. */
export function streamSink(stream: Writable): ResultSink {
  return {
    async write(row) {
      if (!stream.write(`${JSON.stringify(row)}\n`)) await once(stream, "drain");
    },
    finish: async () => {},
    discard: async () => {},
    close: async () => {},
  };
}

/** Results in a file: further ones at its end, where the first takes the place of a half-written line; others by writing it anew. */
export function fileSink({ path, earlier, ...output }: OutputFile): ResultSink {
  let { handle, torn } = output;
  let rewrite: Rewrite | undefined;
  const finish = async () => {
    if (rewrite === undefined) return;
    const replaced = handle;
    handle = await rewrite.finish();
    rewrite = undefined;
    torn = undefined;
    await replaced.close();
  };
  return {
    async write(row, place) {
      if (place !== undefined) {
        rewrite ??= await openRewrite(path, earlier);
        return rewrite.replace(place, row);
      }
      await finish();
      if (torn !== undefined) await handle.truncate(torn);
      torn = undefined;
      // One write a line, so that whatever ends the process leaves whole lines and at most one piece of a line.
      await handle.appendFile(`${JSON.stringify(row)}\n`);
    },
    finish,
    async discard() {
      await rewrite?.close();
      if (rewrite !== undefined) await discardRewrite(path);
      rewrite = undefined;
    },
    async close() {
      await rewrite?.close();
      await handle.close();
    },
  };
}

/** An output file, and how much of it is there already. */
export interface OutputFile {
  /** Where it lies, whatever links lead there. */
  readonly path: string;
  readonly handle: FileHandle;
  /** Rows that an earlier run wrote. */
  readonly earlier: number;
  /** Where a half-written line begins behind them; absent where there is none. */
  readonly torn?: number;
}

/**
 * Opens the output file. What an earlier run wrote stays as it is until the first row is written: it may be refused before. Only what
 * a run that was killed had scored again is brought home at once.
 *
 * @throws {UsageError} when it holds results and neither `resume` nor `overwrite` says what to do with them, and when it ends in what
 *   is no result
 */
export async function openOutput(output: string, how: { readonly resume: boolean; readonly overwrite: boolean }): Promise<OutputFile> {
  const stats = await stat(output).catch(() => undefined);
  const path = await realpath(output).catch(() => output);
  const begun = await isBegun(path);
  const holdsResults = stats?.isFile() === true && stats.size > 0;
  if ((holdsResults || begun) && !how.resume && !how.overwrite) {
    const what = holdsResults ? output : `${path}.again, of a run into ${output} that was killed,`;
    throw new UsageError(`${what} exists; --resume goes on where it ends, --overwrite starts anew`);
  }
  try {
    if (begun && !how.resume) await discardRewrite(path);
    const handle = await open(path, how.resume ? "a+" : "w");
    if (!how.resume || !(holdsResults || begun)) return { path, handle, earlier: 0 };
    const { count, end, torn } = await wholeRows(handle, path);
    if (!begun) return { path, handle, earlier: count, ...(torn && { torn: end }) };
    await handle.close();
    const rewrite = await openRewrite(path, count);
    return { path, handle: await rewrite.finish(), earlier: count };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new UsageError(`cannot write ${output} (${code}); check the folder and its permissions`);
  }
}
