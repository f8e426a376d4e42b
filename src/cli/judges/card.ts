import { isUtf8 } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { UsageError } from "../failure.ts";
import { requireWritable } from "../output-file.ts";

const BEGIN = "<!-- begin: rewardgate judges probe -->";
const END = "<!-- end: rewardgate judges probe -->";

/**
 * A card with a section in the place of the one that was written before, or at its end.
 *
 * @param section Markdown, without the marks around it
 * @returns the card; the same section twice changes nothing
 * @throws {UsageError} when the card has one mark without the other
 */
export function withSection(card: string, section: string): string {
  const block = `${BEGIN}\n${section.trim()}\n${END}`;
  const [begin, end] = [card.indexOf(BEGIN), card.indexOf(END)];
  if (begin < 0 && end < 0) return `${card.trimEnd()}${card.trim() === "" ? "" : "\n\n"}${block}\n`;
  if (begin < 0 || end < begin) throw new UsageError(`the card holds one of the marks ${BEGIN} and ${END} without the other; put it right`);
  return `${card.slice(0, begin)}${block}${card.slice(end + END.length)}`;
}

const REMEDY = "name another file with --card, or leave it with --no-card";

/**
 * Refuses a card that {@link writeSection} could not write, before a judge is asked for what goes into it.
 * @throws {UsageError}
 */
export async function requireCard(path: string): Promise<void> {
  requireWritable(path, true, REMEDY);
  withSection(await readCard(path), "");
}

/**
 * Writes the section into a card.
 *
 * @returns whether the card changed
 * @throws {UsageError} when the card cannot be written
 */
export async function writeSection(path: string, section: string): Promise<boolean> {
  const card = await readCard(path);
  const changed = withSection(card, section);
  if (changed === card) return false;
  await writeFile(path, changed).catch((cause: NodeJS.ErrnoException) => {
    throw unwritable(path, cause);
  });
  return true;
}

async function readCard(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return Buffer.alloc(0);
    throw unwritable(path, cause);
  });
  if (!isUtf8(bytes)) throw new UsageError(`the card ${path} is not UTF-8, and would lose what it holds; save it as UTF-8`);
  return bytes.toString();
}

function unwritable(path: string, { code }: NodeJS.ErrnoException): UsageError {
  return new UsageError(`cannot write the card ${path} (${code}); ${REMEDY}`);
}
