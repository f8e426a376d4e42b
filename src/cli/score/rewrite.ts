import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "../failure.ts";
import { openLines } from "./lines.ts";
import { beginsRow, isSameRecord, parseRow, type ResultRow, wholeRows } from "./rows.ts";

/**
 * An output that is written anew beside itself, from its first row on, and takes its own place when it is whole. Whatever ends the
 * process before leaves the output as it was, and beside it a beginning that the next run goes on with.
 */
export interface Rewrite {
  /** Puts a row in the place of the one that stands there, counted from 0. Places come in order; rows between them stay. */
  replace(place: number, row: ResultRow): Promise<void>;
  /**
   * Lets the rest stand, and puts the file in the place of the output.
   *
   * @returns the output, to write on at its end; the rewrite is closed
   */
  finish(): Promise<FileHandle>;
  /** Leaves what is written for the next run. */
  close(): Promise<void>;
}

/** Rows that stand are copied in pieces of this size, UTF-16 units. */
const PIECE = 1 << 20;

/**
 * Begins to write an output anew, or goes on where a run that was killed ended.
 *
 * @param path of the output itself, not of a link
 * @param rows how many it holds
 * @throws {UsageError} when what was begun is of another output
 */
export async function openRewrite(path: string, rows: number): Promise<Rewrite> {
  const begun = beside(path);
  const { mode, uid, gid } = await stat(path);
  const handle = await open(begun, "a+").catch(({ code }) => {
    throw new UsageError(`cannot write ${begun} (${code}), which takes the place of ${path}; check the folder and its permissions`);
  });
  const source = await openLines(path);
  const lines = source.lines[Symbol.asyncIterator]();
  const close = async () => {
    source.close();
    await handle.close();
  };
  let place = 0;
  let waiting = "";
  const flush = async () => {
    const text = waiting;
    waiting = "";
    if (text !== "") await handle.appendFile(text);
  };
  const next = async (): Promise<string> => {
    const { value, done } = place < rows ? await lines.next() : { done: true };
    if (done || value?.text === undefined) throw new Error(`${path} holds fewer results than before; does something else write to it?`);
    place++;
    return value.text;
  };
  const copyTo = async (end: number) => {
    while (place < end) {
      waiting += `${await next()}\n`;
      if (waiting.length > PIECE) await flush();
    }
  };
  try {
    await goOn(handle, begun, { path, next: async () => (place < rows ? parseRow(await next()) : undefined) });
    // Where the file system knows them.
    await handle.chown(uid, gid).catch(() => {});
    await handle.chmod(mode).catch(() => {});
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    async replace(at, row) {
      await copyTo(at);
      await next();
      waiting += `${JSON.stringify(row)}\n`;
      await flush();
    },
    async finish() {
      await copyTo(rows);
      await flush();
      await handle.sync();
      await rename(begun, path).catch(({ code }) => {
        throw new Error(`cannot put ${begun} in the place of ${path} (${code}); it holds all of its results`);
      });
      await syncFolder(path);
      source.close();
      return handle;
    },
    close,
  };
}

/** Passes by the rows of the output whose places are taken already, and cuts off a half-written line behind them. */
async function goOn(handle: FileHandle, begun: string, output: { path: string; next(): Promise<ResultRow | undefined> }): Promise<void> {
  const { count, end, torn } = await wholeRows(handle, begun);
  if (count > 0) {
    const { lines } = await openLines(begun);
    let left = count;
    for await (const { text } of lines) {
      const [mine, earlier] = [parseRow(text), await output.next()];
      if (mine === undefined || earlier === undefined || !isSameRecord(mine, earlier)) {
        throw new UsageError(`${begun} holds other results than ${output.path}, whose place it would take; move it away, or --overwrite`);
      }
      left--;
      if (left === 0) break;
    }
  }
  if (torn) await handle.truncate(end);
}

/** Whether an output was begun to be written anew and is not whole. */
export async function isBegun(path: string): Promise<boolean> {
  return (await stat(beside(path)).catch(() => undefined))?.isFile() === true;
}

/** Takes away what was begun; what is no result stays. */
export async function discardRewrite(path: string): Promise<void> {
  const begun = beside(path);
  const handle = await open(begun, "r");
  const isOurs = await beginsRow(handle).finally(() => handle.close());
  if (isOurs) await rm(begun);
}

function beside(path: string): string {
  return `${path}.again`;
}

/** A new name is on the disk once its folder is, where the system can tell it to be. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
