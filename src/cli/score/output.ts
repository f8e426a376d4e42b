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

/** Results in a file: further ones at its end, where the first takes the place of what goes; others by writing it anew. */
export function fileSink({ path, earlier, ...output }: OutputFile): ResultSink {
  let { handle, torn, replaced = false } = output;
  let rewrite: Rewrite | undefined;
  const clear = async () => {
    if (replaced && (await isBegun(path))) await discardRewrite(path);
    replaced = false;
    if (torn !== undefined) await handle.truncate(torn);
    torn = undefined;
  };
  const finish = async () => {
    if (replaced) await clear();
    if (rewrite === undefined) return;
    const before = handle;
    handle = await rewrite.finish();
    rewrite = undefined;
    torn = undefined;
    await before.close();
  };
  return {
    async write(row, place) {
      if (place !== undefined) {
        rewrite ??= await openRewrite(path, earlier);
        return rewrite.replace(place, row);
      }
      await finish();
      await clear();
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
  /** Where behind them begins what goes: a half-written line, or all that is replaced. Absent where nothing does. */
  readonly torn?: number;
  /** Set where all of it is replaced, with what was begun to be written anew. */
  readonly replaced?: boolean;
}

/**
 * Opens the output file. What an earlier run wrote stays as it is until the first row is written, or there is none to write: it may be
 * refused before, or nothing come of the run. Only what a run that was killed had scored again is brought home at once, to go on.
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
    if (!(holdsResults || begun)) return { path, handle: await open(path, how.resume ? "a+" : "w"), earlier: 0 };
    const handle = await open(path, how.resume ? "a+" : "a");
    if (!how.resume) return { path, handle, earlier: 0, torn: 0, replaced: true };
    const { count, end, torn } = await wholeRows(handle, path).catch(async (thrown) => {
      await handle.close();
      throw thrown;
    });
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
