import { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";

/** Deepest nesting of a text that is taken for JSON; deeper ones do not satisfy any schema. */
const MAX_DEPTH = 64;

/**
 * Compiles a JSON Schema of draft 2020-12. Its patterns run under RE2's semantics, and nothing is fetched.
 *
 * @returns whether a text is JSON that the schema accepts
 * @throws {GatewayError} CONFIG_INVALID when the schema is not usable: an unknown keyword, a `format`, a `$ref` that leads elsewhere
 * @see Wright et al. 2022, JSON Schema, draft 2020-12
 */
export async function compileJsonSchema(schema: object): Promise<(text: string) => boolean> {
  // Loaded for those who use them: they take time and memory at start.
  const [{ Ajv2020 }, { RE2JS }] = await Promise.all([import("ajv/dist/2020.js"), import("re2js")]);
  const toPattern = (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    // The library keeps one compiled pattern per text of `toString`.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern };
  };
  const regExp = Object.assign(toPattern, { code: "re2" });
  try {
    const compiler = new Ajv2020({
      strictSchema: true,
      strictTypes: false,
      strictTuples: false,
      strictRequired: false,
      ownProperties: true,
      code: { regExp },
    });
    // The library's own compares every pair of a list, and the list is a stranger's.
    compiler.removeKeyword("uniqueItems").addKeyword({
      keyword: "uniqueItems",
      type: "array",
      schemaType: "boolean",
      validate: (wanted: boolean, items: unknown[]) => !wanted || new Set(items.map(canonical)).size === items.length,
    });
    const validate = compiler.compile(schema);
    return (text) => {
      const value = depthOf(text) > MAX_DEPTH ? undefined : parseJson(text);
      return value !== undefined && validate(value) === true;
    };
  } catch (cause) {
    throw new GatewayError("CONFIG_INVALID", `the schema is not usable: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** A text that is the same for equal values, whatever the order of their keys. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`);
  return `{${entries.sort().join()}}`;
}

/** Deepest nesting of brackets outside strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text[at];
    if (quoted) {
      if (unit === "\\") at++;
      else if (unit === '"') quoted = false;
    } else if (unit === '"') quoted = true;
    else if (unit === "{" || unit === "[") deepest = Math.max(deepest, ++depth);
    else if (unit === "}" || unit === "]") depth--;
  }
  return deepest;
}
