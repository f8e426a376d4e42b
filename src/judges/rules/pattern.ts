import { GatewayError } from "../../domain/errors.ts";

/**
 * Compiles a regular expression under RE2's semantics: matching takes time linear in the text, whatever the pattern, so no text can hold up
 * the process.
 *
 * @returns whether the pattern occurs in a text
 * @throws {GatewayError} CONFIG_INVALID when it does not parse, or uses what RE2 does not have: backreferences, look-around
 * @complexity O(length of the pattern · length of the text) per test
 * @see Cox 2010, Regular Expression Matching in the Wild
 */
export async function compilePattern(pattern: string): Promise<(text: string) => boolean> {
  // Loaded for those who use it: it takes time and memory at start.
  const { RE2JS } = await import("re2js");
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch (cause) {
    throw new GatewayError("CONFIG_INVALID", `the pattern is not one of RE2: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
