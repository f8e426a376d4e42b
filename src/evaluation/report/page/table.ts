import { html, type Markup } from "./markup.ts";

/** Rows of a table; cells are text, and those of numeric columns stand to the right. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const NUMERIC = /^[−\d.,\u2009–% ]*$/;

/** A table that scrolls sideways where it is wider than the page. */
export function tableOf({ header, rows }: Table): Markup {
  const numeric = header.map((_, column) => rows.every((row) => NUMERIC.test(row[column]!)));
  const cell = (text: string, column: number) => (numeric[column] ? html`<td class="n">${text}</td>` : html`<td>${text}</td>`);
  const head = header.map((name, column) =>
    numeric[column] ? html`<th scope="col" class="n">${name}</th>` : html`<th scope="col">${name}</th>`,
  );
  return html`<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>`;
}
