import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../failure.ts";
import { requireWritableFolder } from "../output-file.ts";

/** Refuses a folder that {@link writeReport} could not write to. @throws {UsageError} */
export function requireReportFolder(folder: string, name: string): void {
  requireWritableFolder(folder, [`${name}.json`, `${name}.html`]);
}

/**
 * Writes a report as JSON and as a page.
 *
 * @param name of the two files, without their endings
 * @returns path of the page
 * @throws {UsageError} when the folder cannot be written to
 */
export async function writeReport(folder: string, name: string, { report, page }: { report: object; page: string }): Promise<string> {
  const path = join(folder, `${name}.html`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(path, page);
  } catch (cause) {
    throw new UsageError(`cannot write to ${folder} (${(cause as NodeJS.ErrnoException).code}); name another folder with --output`);
  }
  return path;
}
