import { isPair, isScalar, isSeq, LineCounter, parse, parseDocument, visit } from "yaml";
import type { ConfigProblem } from "../domain/errors.ts";
import { type Finding, formatPath, type KeyPath } from "./problems.ts";

/** A YAML file as plain data that remembers where each value was written. */
export interface YamlSource {
  readonly data: unknown;
  readonly problems: readonly ConfigProblem[];
  /** The finding with file, line and column of the value at its path, or of the nearest value around it. */
  locate(finding: Finding): ConfigProblem;
}

/**
 * Parses YAML and puts environment variables in place of `${NAME}` and `${NAME:-default}` in its values.
 *
 * A value that is one reference and nothing else takes the type that YAML gives to the text, so `port: ${PORT}` is a
 * number. `$${` stands for `${`. Keys are left alone, and no variable can add keys.
 *
 * @param text        the file
 * @param options     its name for messages, and the variables; without variables nothing is put in place
 */
export function parseYaml(text: string, options: { file: string; variables?: Readonly<Record<string, string | undefined>> }): YamlSource {
  const { file, variables } = options;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: ConfigProblem[] = [];
  const at = (offset: number | undefined) => {
    if (offset === undefined) return {};
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  // One syntax error drags others behind it; the first is the one to correct.
  const [first] = document.errors;
  if (first !== undefined) {
    const isReference = text.slice(first.pos[0] - 1, first.pos[0] + 1) === "${";
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference as the file would write it
    const remedy = isReference ? 'put quotes around it, "${NAME}", inside { } and [ ]' : "correct the syntax at that place";
    problems.push({ file, path: "", ...at(first.pos[0]), cause: `not YAML: ${lowerFirst(first.message)}`, remedy });
  }
  if (problems.length > 0) return { data: undefined, problems, locate: (finding) => toProblem(file, finding) };

  const places = new Map<string, number>();
  visit(document, {
    Pair: (_, pair, ancestors) => {
      const key = isScalar(pair.key) ? pair.key : undefined;
      const path = key && pathOf([...ancestors, pair]);
      if (path && key.range) places.set(formatPath(path), key.range[0]);
    },
    Scalar: (key, node, ancestors) => {
      if (variables === undefined || key === "key" || typeof node.value !== "string") return;
      const { value, missing } = interpolate(node.value, variables);
      node.value = value;
      const path = formatPath(pathOf(ancestors, key));
      for (const name of missing) {
        const cause = `the environment variable ${name} is not set`;
        problems.push({ file, path, ...at(node.range?.[0]), cause, remedy: `set it, or write \${${name}:-default}` });
      }
    },
  });

  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    problems.push({ file, path: "", cause: `not usable YAML: ${message}`, remedy: "write the values out instead of using aliases" });
  }
  return {
    data,
    problems,
    locate(finding) {
      for (let length = finding.path.length; length > 0; length--) {
        const offset = places.get(formatPath(finding.path.slice(0, length)));
        if (offset !== undefined) return { ...toProblem(file, finding), ...at(offset) };
      }
      return toProblem(file, finding);
    },
  };
}

function toProblem(file: string, { path, cause, remedy }: Finding): ConfigProblem {
  return { file, path: formatPath(path), cause, remedy };
}

/** Key path of a node from the nodes above it; `index` is its own place when the last of them is a list. */
function pathOf(ancestors: readonly unknown[], index?: unknown): KeyPath {
  const path: PropertyKey[] = [];
  for (const [i, node] of ancestors.entries()) {
    if (isPair(node) && isScalar(node.key)) path.push(String(node.key.value));
    if (!isSeq(node)) continue;
    const child = ancestors[i + 1];
    const place = child === undefined ? index : node.items.indexOf(child);
    if (typeof place === "number") path.push(place);
  }
  return path;
}

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** `text` with its references replaced, and the names that have neither a value nor a default. */
function interpolate(text: string, variables: Readonly<Record<string, string | undefined>>): { value: unknown; missing: string[] } {
  const missing: string[] = [];
  let references = 0;
  const value = text.replace(REFERENCE, (whole, name: string | undefined, fallback: string | undefined) => {
    if (name === undefined) return "${";
    references++;
    // As in a shell, an empty variable counts as unset where there is a default.
    const found = fallback === undefined ? variables[name] : variables[name] || fallback;
    if (found === undefined) missing.push(name);
    return found ?? whole;
  });
  const alone = references === 1 && /^\$\{[^}]*\}$/.test(text);
  return { value: alone ? retyped(value) : value, missing };
}

/** A number or a truth value when the text is one, else the text. */
function retyped(text: string): unknown {
  if (!/^(true|false|[-+.\d][\d.eE+-]*)$/.test(text)) return text;
  const value: unknown = parse(text);
  return typeof value === "number" || typeof value === "boolean" ? value : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
