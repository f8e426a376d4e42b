import { html, type Markup, trusted } from "./markup.ts";
import { STYLE } from "./style.ts";

/** A whole page: one file that asks for nothing, runs nothing, and follows the reader's light or dark. */
export function documentOf(title: string, body: Markup): string {
  return `<!doctype html>\n${
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.markup
  }`;
}

/** A part of the page; nothing where it has no figures. */
export function section(id: string, title: string, intro: Markup | string, figures: readonly Markup[]): Markup | undefined {
  if (figures.length === 0) return undefined;
  return html`<section id="${id}">
<h2>${title}</h2>
<p>${intro}</p>
<div class="figures">${figures}</div>
</section>`;
}

/** A number that a reader should see first, and what it is. */
export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

/** A row of numbers. */
export function tiles(all: readonly Tile[]): Markup {
  const one = ({ label, value, note }: Tile) =>
    html`<div class="tile"><span class="label">${label}</span><b>${value}</b><span class="note">${note}</span></div>`;
  return html`<div class="tiles">${all.map(one)}</div>`;
}
