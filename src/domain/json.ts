/**
 * The value of a JSON text from outside, for a schema to look at.
 *
 * @returns undefined when the text is no JSON, which no JSON text means, so a schema refuses both alike
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
