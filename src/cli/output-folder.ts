import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "./failure.ts";

/**
 * Makes the folder of a file that a command will write at its end, so that no work is done for a file that has no place.
 *
 * @throws {UsageError} when it cannot be made
 */
export function makeFolderOf(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (cause) {
    throw new UsageError(`cannot write to ${file} (${(cause as NodeJS.ErrnoException).code}); name another file with --output`);
  }
}
