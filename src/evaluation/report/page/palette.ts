import type { EvalReport } from "../report.ts";
import { html, type Markup } from "./markup.ts";

const MEMBERS = ["var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)"];

/** Colours of scorers, the same in every chart. */
export interface Palette {
  /** Colour of a scorer; a baseline is grey. */
  of(scorer: string): string;
  /** What each colour of the page means. */
  readonly legend: Markup;
}

/** The panel in blue, members in colours of their own, objectives and baselines in grey. */
export function paletteOf(scorers: EvalReport["scorers"]): Palette {
  const members = scorers.filter(({ role }) => role === "member").map(({ name }) => name);
  const colours = new Map<string, string>(scorers.filter(({ role }) => role === "panel").map(({ name }) => [name, "var(--s0)"]));
  for (const [i, name] of members.entries()) colours.set(name, MEMBERS[i % MEMBERS.length]!);
  const of = (scorer: string) => colours.get(scorer) ?? "var(--objective)";
  const entries = [...colours, ["a baseline or an objective", "var(--objective)"] as const];
  const legend = html`<ul class="legend">${entries.map(([name, colour]) => html`<li><i style="background:${colour}"></i>${name}</li>`)}</ul>`;
  return { of, legend };
}
