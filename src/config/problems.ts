import { type ConfigProblem, GatewayError } from "../domain/errors.ts";

/** A key path as zod and YAML give it. */
export type KeyPath = readonly PropertyKey[];

/** A problem before its place in a file is known. */
export interface Finding {
  readonly path: KeyPath;
  readonly cause: string;
  readonly remedy: string;
}

/** `panels.chat.members[0].judge` */
export function formatPath(path: KeyPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[\w-]+$/.test(String(key))) text += text === "" ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}

/** One problem on one line: where, what, what to do. */
export function formatProblem({ file, path, line, column, cause, remedy }: ConfigProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return `${place}${path === "" ? "" : ` ${path}`}: ${cause}; ${remedy}`;
}

/** All problems as the error that ends a start: CONFIG_INVALID, one line a problem. */
export function configInvalid(problems: readonly ConfigProblem[]): GatewayError {
  const head = problems.length === 1 ? "the configuration has a problem" : `the configuration has ${problems.length} problems`;
  const lines = problems.map((problem) => `  ${formatProblem(problem)}`);
  return new GatewayError("CONFIG_INVALID", [`${head}:`, ...lines].join("\n"), { details: { problems } });
}
