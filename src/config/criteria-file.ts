import { resolve } from "node:path";
import type { ZodType } from "zod";
import type { ConfigProblem } from "../domain/errors.ts";
import { findingsOf } from "./issues.ts";
import type { KeyPath } from "./problems.ts";
import { readText } from "./read-text.ts";
import type { Config } from "./schema.ts";
import { parseYaml } from "./source.ts";

/**
 * Reads a file of criteria, YAML or JSON, that a key of the configuration names.
 *
 * @param file   relative to the configuration
 * @param named  path of the key that names it
 * @returns undefined when it cannot be read or is not in form, which is added to `problems` at its place in that file
 */
export async function readCriteriaFile<T>(
  file: string,
  schema: ZodType<T>,
  named: KeyPath,
  { origin }: Config,
  problems: ConfigProblem[],
): Promise<T | undefined> {
  const path = resolve(origin.folder, file);
  const text = await readText(path, "name a file that holds the criteria");
  if (typeof text !== "string") {
    problems.push(origin.locate({ path: named, ...text }));
    return undefined;
  }
  const source = parseYaml(text, { file: path });
  problems.push(...source.problems);
  if (source.problems.length > 0) return undefined;
  const parsed = schema.safeParse(source.data);
  if (parsed.success) return parsed.data;
  problems.push(...findingsOf(parsed.error.issues, schema, source.data).map(source.locate));
  return undefined;
}
