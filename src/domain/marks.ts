import type { Segment } from "./backend.ts";

/** What a template may set its parts apart with: `<extra_0>`, `</question>`, `<|im_end|>`, `[SEP]`. */
const MARKS = /<[^<>\s]{1,64}>|\[[A-Z_][A-Z0-9_]{1,31}\]/g;

/**
 * The marks that control segments write, each once. Text of a request that spells one could pass for a part of the template.
 *
 * @complexity O(length of the texts), pure
 */
export function marksOf(segments: readonly Segment[]): string[] {
  return [...new Set(segments.filter(({ origin }) => origin === "control").flatMap(({ text }) => text.match(MARKS) ?? []))];
}

/**
 * Breaks up marks in a text, with a space behind their first character, so that a reader still sees what was there. A text that was
 * broken up before is unchanged.
 *
 * @returns the text and how many marks were broken up
 * @complexity O(length of the text × marks), pure
 */
export function breakMarks(text: string, marks: readonly string[]): { readonly text: string; readonly broken: number } {
  let broken = 0;
  const apart = marks.reduce((safe, mark) => {
    const pieces = safe.split(mark);
    broken += pieces.length - 1;
    return pieces.join(`${mark[0]} ${mark.slice(1)}`);
  }, text);
  return { text: apart, broken };
}
