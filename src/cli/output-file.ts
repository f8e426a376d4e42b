import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "./failure.ts";

/**
 * Makes the folder of a file that a command writes at its end, and refuses one that could not be written, before anything is scored for it.
 *
 * @param overwrite whether a file that is there may be replaced
 * @throws {UsageError}
 */
export function requireWritable(path: string, overwrite: boolean): void {
  attempt(path, () => mkdirSync(dirname(path), { recursive: true }));
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !overwrite) throw new UsageError(`${path} exists; name another with --output, or replace it with --overwrite`);
  if (there?.isDirectory()) throw new UsageError(`${path} is a folder; name a file in it with --output`);
  attempt(path, () => accessSync(there === undefined ? dirname(path) : path, constants.W_OK));
}

function attempt(path: string, step: () => void): void {
  try {
    step();
  } catch (cause) {
    throw new UsageError(`cannot write to ${path} (${(cause as NodeJS.ErrnoException).code}); name another file with --output`);
  }
}
