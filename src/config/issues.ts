import type { z } from "zod";
import type { Finding, KeyPath } from "./problems.ts";
import { nameRemedy } from "./suggest.ts";

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/**
 * What zod found, in words that name the place, the cause and a remedy. The schema supplies allowed keys and the
 * description of the field.
 */
export function findingsOf(issues: readonly Issue[], schema: Schema, data: unknown): Finding[] {
  return issues.flatMap((issue) => toFindings(issue, [], schema, data));
}

function toFindings(issue: Issue, above: KeyPath, root: Schema, data: unknown): Finding[] {
  const path = [...above, ...issue.path];
  const what = describe(root, path, data);
  switch (issue.code) {
    case "unrecognized_keys": {
      const allowed = Object.keys(shapeAt(root, path, data) ?? {});
      return issue.keys.map((key) => ({
        path: [...path, key],
        cause: "unknown key",
        remedy: nameRemedy(key, allowed, "remove it"),
      }));
    }
    case "invalid_type": {
      const given = valueAt(data, path);
      if (given === undefined)
        return [{ path, cause: "missing", remedy: what ? `state it: ${what}` : `add it as ${article(issue.expected)}` }];
      const cause = `expected ${article(issue.expected)}, got ${nameOfType(given)}`;
      return [{ path, cause, remedy: what ? `correct it: ${what}` : "correct it" }];
    }
    case "invalid_value": {
      const given = valueAt(data, path);
      const allowed = issue.values.map(String);
      if (given === undefined) return [{ path, cause: "missing", remedy: `allowed: ${allowed.join(", ")}` }];
      return [{ path, cause: `${shown(given)} is not allowed`, remedy: nameRemedy(String(given), allowed, "remove it") }];
    }
    case "invalid_key":
      return [{ path, cause: "not a name", remedy: issue.issues[0]?.message ?? "choose another" }];
    case "invalid_union":
      return ofUnion(issue, path, root, data);
    case "too_small":
    case "too_big":
    case "not_multiple_of":
    case "invalid_format":
      return [{ path, cause: lowerFirst(issue.message), remedy: what ? `correct it: ${what}` : "correct it" }];
    default:
      return [{ path, cause: lowerFirst(issue.message), remedy: what ? `correct it: ${what}` : "correct it" }];
  }
}

/** A union speaks of the option that fits best; the discriminator of one that knows it, of all its words. */
function ofUnion(issue: Issue & { code: "invalid_union" }, path: KeyPath, root: Schema, data: unknown): Finding[] {
  const key = issue.discriminator;
  if (key !== undefined) {
    const words = discriminants(schemaAt(root, path.at(-1) === key ? path.slice(0, -1) : path, data), key);
    const at = path.at(-1) === key ? path : [...path, key];
    const given = valueAt(data, at);
    if (given === undefined) return [{ path: at, cause: "missing", remedy: `allowed: ${words.join(", ")}` }];
    return [{ path: at, cause: `${shown(given)} is not allowed`, remedy: nameRemedy(String(given), words, "remove it") }];
  }
  const near = issue.errors
    .filter((option) => !option.some(isOtherShape))
    .sort((a, b) => misfit(a, valueAt(data, path)) - misfit(b, valueAt(data, path)))[0];
  if (near !== undefined) return near.flatMap((inner) => toFindings(inner, path, root, data));
  const what = describe(root, path, data);
  const given = valueAt(data, path);
  if (given === undefined) return [{ path, cause: "missing", remedy: `state it: ${what ?? "it has no default"}` }];
  return [{ path, cause: `${shown(given)} is not allowed`, remedy: what ? `allowed: ${what}` : "correct it" }];
}

/** Whether an option failed because the value is of another type altogether. */
function isOtherShape(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_value");
}

/**
 * How far a value is from an option: unknown keys count most, then an option that could not even be chosen, then one that bears another
 * word where the value says what it is. A value that has an option's discriminator, with a word that is none of its, means that option.
 */
function misfit(option: readonly Issue[], value: unknown): number {
  return option.reduce((total, issue) => {
    if (issue.code === "unrecognized_keys") return total + 2 * issue.keys.length;
    if (issue.code === "invalid_value" && issue.values.length === 1 && issue.path.length === 1 && valueAt(value, issue.path) !== undefined)
      return total + 3;
    // A value within the option that fits none of its own forms is one thing to correct.
    if (issue.code !== "invalid_union" || (issue.discriminator === undefined && issue.path.length > 0)) return total + 1;
    return total + (issue.discriminator !== undefined && valueAt(value, issue.path) !== undefined ? 1 : 4);
  }, 0);
}

/** The words that a discriminated union knows for its key. */
function discriminants(schema: Schema | undefined, key: string): string[] {
  return optionsOf(schema).flatMap((option) => {
    const literal = shapeOf(option)?.[key];
    return literal === undefined ? [] : [...(literal._zod.values ?? [])].map(String);
  });
}

function shapeAt(root: Schema, path: KeyPath, data: unknown): Readonly<Record<string, Schema>> | undefined {
  return shapeOf(schemaAt(root, path, data), valueAt(data, path));
}

/** The schema of the value at a path; of a union, the option that the data chose. */
function schemaAt(root: Schema, path: KeyPath, data: unknown): Schema | undefined {
  let schema: Schema | undefined = root;
  let value = data;
  for (const key of path) {
    const inner: Schema | undefined = unwrap(schema);
    const def = inner?._zod.def as { type: string; element?: Schema; valueType?: Schema } | undefined;
    if (def?.type === "array") schema = def.element;
    else if (def?.type === "record") schema = def.valueType;
    else schema = shapeOf(inner, value)?.[String(key)];
    if (schema === undefined) return undefined;
    value = valueAt(value, [key]);
  }
  return schema;
}

/** Keys of an object schema. Of a union: of the option whose literals the value bears, else of the only object among them. */
function shapeOf(schema: Schema | undefined, value?: unknown): Readonly<Record<string, Schema>> | undefined {
  const inner = unwrap(schema);
  const def = inner?._zod.def as { type: string; shape?: Record<string, Schema> } | undefined;
  if (def?.type === "object") return def.shape;
  const shapes = optionsOf(inner).flatMap((option) => {
    const shape = shapeOf(option, value);
    return shape === undefined ? [] : [shape];
  });
  const bears = (shape: Readonly<Record<string, Schema>>, key: string) => {
    const given = valueAt(value, [key]);
    return given !== undefined && shape[key]!._zod.values?.has(given as string) === true;
  };
  const chosen = shapes.find((shape) => Object.keys(shape).some((key) => bears(shape, key)));
  return chosen ?? shapes.find((shape) => Object.keys(shape).some((key) => valueAt(value, [key]) !== undefined)) ?? shapes[0];
}

/** The options of a union, those of unions among them taken apart. */
function optionsOf(schema: Schema | undefined): readonly Schema[] {
  const def = unwrap(schema)?._zod.def as { type: string; options?: readonly Schema[] } | undefined;
  if (def?.type !== "union") return [];
  return def.options!.flatMap((option) => {
    const inner = optionsOf(option);
    return inner.length > 0 ? inner : [option];
  });
}

/** The schema inside defaults and options. */
function unwrap(schema: Schema | undefined): Schema | undefined {
  let inner = schema;
  for (;;) {
    const def = inner?._zod.def as { innerType?: Schema; in?: Schema } | undefined;
    const next = def?.innerType ?? def?.in;
    if (next === undefined) return inner;
    inner = next;
  }
}

function describe(root: Schema, path: KeyPath, data: unknown): string | undefined {
  let schema = schemaAt(root, path, data);
  while (schema !== undefined) {
    const { description } = schema as { description?: string };
    if (description !== undefined) return lowerFirst(description.replace(/\.$/, ""));
    schema = (schema._zod.def as { innerType?: Schema }).innerType;
  }
  return undefined;
}

function valueAt(data: unknown, path: KeyPath): unknown {
  let value = data;
  for (const key of path) value = typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

function nameOfType(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return typeof value === "object" ? "a mapping" : article(typeof value);
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  int: "a whole number",
  null: "nothing",
};
function article(type: string): string {
  return TYPE_NAMES[type] ?? `a ${type}`;
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? `"${value}"` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}
