/** What a template takes off an end of a content. */
export type Trim = "nothing" | "lineBreaks" | "whiteSpace";

/** The place of a message's content, and what the template takes off its ends; absent where it leaves it as it is. */
export interface ContentPlace {
  readonly message: number;
  readonly trim?: { readonly start: Trim; readonly end: Trim };
}

/** White space as Python's `str.strip` takes it, which is what Jinja's `trim` does where models are trained. */
const SPACES = new Set(
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000",
);
const TAKEN: Readonly<Record<Trim, ReadonlySet<string>>> = { nothing: new Set(), lineBreaks: new Set("\n"), whiteSpace: SPACES };

/** A content as a template leaves it at its place. Linear in what is taken off. */
export function trimmed(text: string, { trim }: ContentPlace): string {
  if (trim === undefined) return text;
  let [start, end] = [0, text.length];
  while (start < end && TAKEN[trim.start].has(text[start]!)) start++;
  while (end > start && TAKEN[trim.end].has(text[end - 1]!)) end--;
  return text.slice(start, end);
}
