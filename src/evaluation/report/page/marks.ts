import type { Chart } from "./chart.ts";
import { MUTED } from "./chart.ts";

/** What every chart says besides what it draws. */
export type Texts = Pick<Chart, "title" | "note" | "table">;

/** A place in the coordinates of a chart or of an axis. */
export type Place = readonly [x: number, y: number];

/** Steps of an axis that is spanned by its values. */
const STEPS = 4;
/** Least length of an axis. */
const LEAST_SPAN = 1e-9;

const WHISKER = { lineWidth: 2, opacity: 0.55 };

/** Room for the longest of some names beside a chart. */
export function roomFor(names: readonly string[]): number {
  return Math.min(150, 10 + widthOf(names));
}

/** About how wide the longest of some names is written. */
export function widthOf(names: readonly string[]): number {
  return 6.4 * names.reduce((most, name) => Math.max(most, name.length), 0);
}

/** A line through places. */
export function path(points: readonly Place[], colour: string, dashed: boolean): object {
  return {
    type: "polyline",
    shape: { points },
    style: { stroke: colour, fill: "none", lineWidth: dashed ? 1.2 : 2, ...(dashed && { lineDash: [4, 3] }) },
  };
}

/** The line of an interval. */
export function whisker([x1, y1]: Place, [x2, y2]: Place, colour: string): object {
  return { type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: colour, ...WHISKER } };
}

/** A dot at a place. */
export function dotAt([cx, cy]: Place, colour: string, r = 3.6): object {
  return { type: "circle", shape: { cx, cy, r }, style: { fill: colour } };
}

/** A dashed line at a value of an axis, such as what chance gives. */
export function chanceLine(place: object): object {
  return { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: MUTED, type: "dashed", width: 1 }, data: [place] };
}

/** A span between round numbers that holds all values, and the step from one round number to the next. */
export function spanOf(values: readonly number[]): { readonly min: number; readonly max: number; readonly interval: number } {
  const [low, high] = values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
  // Values that differ by rounding alone are drawn as equal: an axis cannot be spanned between them.
  const rough = Math.max(high - low, 1e-6 * Math.abs(low), 1e-6 * Math.abs(high), LEAST_SPAN) / STEPS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const min = Math.floor(low / interval + 1e-9) * interval;
  const max = Math.ceil(high / interval - 1e-9) * interval;
  return { min, max: max > min ? max : min + interval, interval };
}
