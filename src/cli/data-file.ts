import { existsSync, statSync } from "node:fs";
import { UsageError } from "./failure.ts";

/** Whether a path is standard input or a pipe: it is empty after the first time, or waits for another writer. */
export function isReadOnce(path: string): boolean {
  const there = path === "-" ? undefined : statSync(path, { throwIfNoEntry: false });
  return path === "-" || (there !== undefined && !there.isFile() && !there.isDirectory());
}

/**
 * Refuses data whose digest could not be taken beside it, before anything is scored.
 *
 * @param what the file should hold
 * @throws {UsageError}
 */
export function requireDataFile(path: string, what: string): void {
  if (!existsSync(path)) throw new UsageError(`no file ${JSON.stringify(path)}; name a JSON-lines file with ${what}`);
  if (isReadOnce(path)) throw new UsageError(`${path} can be read once, and its digest is taken too; name a file that holds the records`);
}
