/** Markup that is safe to put into a page as it stands. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | null | undefined | false | readonly Part[];

/**
 * A template of markup: what is filled in is escaped, unless it is markup itself. Lists are joined; null, undefined and false are left
 * out.
 *
 * @example html`<b>${"<"}</b>`.markup // → "<b>&lt;</b>"
 */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: literals.reduce((text, literal, i) => text + textOf(parts[i - 1]) + literal) };
}

/** Markup from a trusted source, such as the SVG of a chart. */
export function trusted(markup: string): Markup {
  return { markup };
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function textOf(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (typeof part === "string" || typeof part === "number") return String(part).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
  return isList(part) ? part.map(textOf).join("") : part.markup;
}

function isList(part: Markup | readonly Part[]): part is readonly Part[] {
  return Array.isArray(part);
}
