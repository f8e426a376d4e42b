import { accessSync, constants, mkdirSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "./failure.ts";

const OTHER_FILE = "name another file with --output";

/**
 * Makes the folder of a file that a command writes at its end, and refuses one that could not be written, before anything is scored for it.
 *
 * @param overwrite whether a file that is there may be replaced
 * @param remedy what to do about one that cannot be written
 * @throws {UsageError}
 */
export function requireWritable(path: string, overwrite: boolean, remedy = OTHER_FILE): void {
  attempt(path, remedy, () => mkdirSync(dirname(path), { recursive: true }));
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !overwrite) throw new UsageError(`${path} exists; name another with --output, or replace it with --overwrite`);
  if (there?.isDirectory())
    throw new UsageError(`${path} is a folder; ${remedy === OTHER_FILE ? "name a file in it with --output" : remedy}`);
  attempt(path, remedy, () => accessSync(there === undefined ? dirname(path) : path, constants.W_OK));
}

/**
 * Refuses a folder in which files could not be written, before anything is scored for them. Makes none: a command that fails leaves nothing.
 *
 * @param names of the files, which may be there
 * @throws {UsageError}
 */
export function requireWritableFolder(folder: string, names: readonly string[]): void {
  attempt(folder, "name another folder with --output", () => {
    let above = folder;
    while (entryAt(above) === undefined) above = dirname(above);
    if (!entryAt(above)!.isDirectory()) throw Object.assign(new Error(), { code: "ENOTDIR" });
    accessSync(above, constants.W_OK);
    if (above !== folder) return;
    for (const name of names) {
      const file = join(folder, name);
      const there = entryAt(file);
      if (there?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
      if (there !== undefined) accessSync(file, constants.W_OK);
    }
  });
}

/** What is at a path; of one below a file, Node 20 throws where later ones find nothing. */
function entryAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
    throw cause;
  }
}

function attempt(path: string, remedy: string, step: () => void): void {
  try {
    step();
  } catch (cause) {
    throw new UsageError(`cannot write to ${path} (${(cause as NodeJS.ErrnoException).code}); ${remedy}`);
  }
}
