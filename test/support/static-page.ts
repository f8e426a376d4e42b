import assert from "node:assert/strict";

/** Asserts that a page could not ask for anything, or run anything: no script, no address, no resource. */
export function assertSelfContained(page: string): void {
  assert.match(page, /^<!doctype html>/);
  assert.match(page, /http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:;/);
  for (const [what, pattern] of [
    ["a script", /<script|javascript:|\son\w+=/i],
    ["a resource", /<(img|iframe|object|embed|source|video|audio|base)\b|@import|url\((?!#)/i],
    ["an address", /(?:src|href)="(?!#|data:,")/i],
  ] as const) {
    assert.doesNotMatch(page, pattern, `the page holds ${what}`);
  }
}

/** The figures of a page: the title, the drawing and the rows of the table behind it. */
export function figuresOf(page: string): { title: string; svg: string; rows: number }[] {
  return [...page.matchAll(/<figure>([\s\S]*?)<\/figure>/g)].map(([, inside]) => ({
    title: /<strong>(.*?)<\/strong>/.exec(inside!)?.[1] ?? "",
    svg: /<svg[\s\S]*<\/svg>/.exec(inside!)?.[0] ?? "",
    rows: [...(/<tbody>([\s\S]*)<\/tbody>/.exec(inside!)?.[1] ?? "").matchAll(/<tr>/g)].length,
  }));
}
