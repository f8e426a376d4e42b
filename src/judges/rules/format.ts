/** How well a text keeps a format of tagged blocks. */
export interface TagFormat {
  /** The text is the blocks, in order, with nothing but white space between them; a block may hold anything, tags too. */
  readonly lenient: 0 | 1;
  /** The same, and every tag opens and closes exactly once. */
  readonly strict: 0 | 1;
}

/**
 * Whether a text is a sequence of tagged blocks, for example `<think>…</think><answer>…</answer>`. White space around it does not count.
 *
 * @param tags names of the blocks in order, at least one
 * @complexity O(length · tags), pure: no backtracking
 * @example tagFormat("<think>a</think><answer>b</answer>", ["think", "answer"]).strict // → 1
 */
export function tagFormat(text: string, tags: readonly string[]): TagFormat {
  const body = text.trim();
  if (!isSequence(body, tags)) return { lenient: 0, strict: 0 };
  const once = tags.every((tag) => countOf(body, `<${tag}>`) === 1 && countOf(body, `</${tag}>`) === 1);
  return { lenient: 1, strict: once ? 1 : 0 };
}

function isSequence(body: string, tags: readonly string[]): boolean {
  const first = `<${tags[0]}>`;
  const last = `</${tags.at(-1)}>`;
  if (!body.startsWith(first)) return false;
  let position = first.length;
  // The earliest place where one block ends and the next begins leaves most room for the rest, so no other place need be tried.
  for (const [index, tag] of tags.slice(0, -1).entries()) {
    position = junctionAfter(body, position, `</${tag}>`, `<${tags[index + 1]}>`);
    if (position < 0) return false;
  }
  return body.endsWith(last) && body.length - last.length >= position;
}

/** Where the next block's content begins, after `close`, white space and `open`; −1 when there is no such place. */
function junctionAfter(body: string, from: number, close: string, open: string): number {
  for (let at = body.indexOf(close, from); at >= 0; at = body.indexOf(close, at + 1)) {
    let next = at + close.length;
    while (next < body.length && body[next]!.trim() === "") next++;
    if (body.startsWith(open, next)) return next + open.length;
  }
  return -1;
}

function countOf(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}
