import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";

/** Why a file has no text, and what to do. */
export interface Unreadable {
  readonly cause: string;
  readonly remedy: string;
}

/**
 * The text of a file that the configuration names. One that is not UTF-8 has none: the letters that cannot be read would become
 * signs that stand for nothing, and judges would work with other words than were written.
 *
 * @param none what is said of a file that cannot be read at all, or only the remedy
 */
export async function readText(path: string, none: string | Unreadable): Promise<string | Unreadable> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes !== undefined) return textOf(bytes);
  return typeof none === "string" ? { cause: "cannot be read, or is not there", remedy: none } : none;
}

/** The text of a file's bytes, if they are UTF-8. */
export function textOf(bytes: Buffer): string | Unreadable {
  return isUtf8(bytes) ? bytes.toString() : NOT_UTF8;
}

const NOT_UTF8: Unreadable = { cause: "not UTF-8", remedy: "save it as UTF-8, or other words would be read than it holds" };
