import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from "echarts";
import { type Chart, GRID, INK, MUTED, nameAxis, valueAxis, WIDTH } from "./chart.ts";

/** A value with its interval, in a colour. */
export interface Dot {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly colour: string;
}

type Texts = Pick<Chart, "title" | "note" | "table">;
type Place = readonly [x: number, y: number];

/** Steps of an axis that is spanned by its values. */
const STEPS = 4;

/** How far apart curves stand at the same place, so that their whiskers do not hide each other. */
const DODGE = 5;

const WHISKER = { lineWidth: 2, opacity: 0.55 };

/** Room for the longest of some names beside a chart. */
function roomFor(names: readonly string[]): number {
  return Math.min(150, 10 + widthOf(names));
}

/** About how wide the longest of some names is written. */
function widthOf(names: readonly string[]): number {
  return 6.4 * names.reduce((most, name) => Math.max(most, name.length), 0);
}

/**
 * Values with intervals, a row each, one dot or several under each other, and a line at what chance gives.
 *
 * @param format how numbers of the axis are written
 */
export function intervalChart(
  rows: readonly { readonly name: string; readonly dots: readonly Dot[]; readonly label?: string }[],
  { chance, format, ...texts }: Texts & { chance?: number; format: (value: number) => string },
): Chart {
  const perRow = Math.max(...rows.map(({ dots }) => dots.length));
  const rowHeight = 18 + 9 * (perRow - 1);
  const values = rows.flatMap(({ dots }) => dots.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]));
  const { min, max, interval } = spanOf([...values, ...(chance === undefined ? [] : [chance])]);
  const points = rows.flatMap(({ dots }, row) => dots.map((dot, place) => ({ ...dot, row, place, of: dots.length })));
  const labels = rows.some(({ label }) => label !== undefined);
  return {
    ...texts,
    height: 40 + rows.length * rowHeight,
    option: {
      grid: { left: roomFor(rows.map(({ name }) => name)), right: labels ? 52 : 14, top: 6, bottom: 26 },
      yAxis: nameAxis(
        rows.map(({ name }) => name),
        { inverse: true, axisLabel: { color: INK, fontSize: 11, interval: 0, width: 138, overflow: "truncate" } },
      ),
      xAxis: valueAxis({ min, max, interval, axisLabel: { color: MUTED, fontSize: 11, formatter: format, hideOverlap: true } }),
      series: [
        {
          type: "custom",
          data: points.map(({ value, row }) => [value, row]),
          renderItem: ({ dataIndex }: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
            const { value, low, high, row, place, of, colour } = points[dataIndex]!;
            const at = (x: number): Place => {
              const [left, middle] = api.coord([x, row]) as [number, number];
              return [left, middle + 9 * (place - (of - 1) / 2)];
            };
            const label = rows[row]!.label;
            return {
              type: "group",
              children: [
                ...(low === null || high === null ? [] : [whisker(at(low), at(high), colour)]),
                dotAt(at(value), colour),
                ...(label !== undefined && place === 0
                  ? [
                      {
                        type: "text",
                        style: {
                          x: WIDTH - 6,
                          y: at(value)[1],
                          text: label,
                          fill: INK,
                          fontSize: 11,
                          align: "right",
                          verticalAlign: "middle",
                        },
                      },
                    ]
                  : []),
              ],
            };
          },
          ...(chance !== undefined && { markLine: chanceLine({ xAxis: chance }) }),
        },
      ],
    },
  };
}

/** Counts over bins of equal width; those on the wrong side of 0 are pale. */
export function histogram(
  bins: readonly { readonly low: number; readonly high: number; readonly n: number }[],
  { colour, axis, ...texts }: Texts & { colour: string; axis: string },
): Chart {
  return {
    ...texts,
    height: 170,
    option: {
      grid: { left: 42, right: 14, top: 10, bottom: 40 },
      xAxis: valueAxis({
        min: bins[0]!.low,
        max: bins.at(-1)!.high,
        splitLine: { show: false },
        name: axis,
        nameLocation: "middle",
        nameGap: 24,
        axisLabel: {
          color: MUTED,
          fontSize: 11,
          formatter: (value: number) => String(Number(value.toFixed(2))),
          showMinLabel: false,
          showMaxLabel: false,
        },
      }),
      yAxis: valueAxis({ splitNumber: 3 }),
      series: [
        {
          type: "custom",
          data: bins.map(({ low, n }) => [low, n]),
          renderItem: ({ dataIndex }: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
            const { low, high, n } = bins[dataIndex]!;
            const [left, top] = api.coord([low, n]) as [number, number];
            const [right, bottom] = api.coord([high, 0]) as [number, number];
            return {
              type: "rect",
              shape: { x: left + 0.5, y: top, width: Math.max(1, right - left - 1), height: bottom - top },
              style: { fill: colour, opacity: high <= 1e-12 ? 0.4 : 0.95 },
            };
          },
          markLine: chanceLine({ xAxis: 0 }),
        },
      ],
    },
  };
}

/** A point of a line with its interval and its weight, in [0, 1], which sets the size of its dot. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly weight?: number;
}

export interface Curve {
  readonly points: readonly CurvePoint[];
  readonly colour: string;
  readonly dashed?: boolean;
}

export interface CurveAxes {
  readonly xName: string;
  readonly yName: string;
  readonly x?: object;
  readonly y?: object;
  /** A dashed line, such as that of perfect calibration, or of nothing gained. */
  readonly guide?: readonly [Place, Place];
}

/** Lines through points with intervals. */
export function curveChart(curves: readonly Curve[], { axes, ...texts }: Texts & { axes: CurveAxes }): Chart {
  const span = spanOf(curves.flatMap(({ points }) => points.flatMap(({ y, low, high }) => [y, low ?? y, high ?? y])));
  return {
    ...texts,
    height: 240,
    option: {
      grid: { left: 54, right: 14, top: 22, bottom: 40 },
      xAxis: valueAxis({ name: axes.xName, nameLocation: "middle", nameGap: 24, splitLine: { show: false }, ...axes.x }),
      yAxis: valueAxis({
        name: axes.yName,
        nameTextStyle: { align: "left", color: MUTED, fontSize: 11 },
        nameGap: 8,
        ...span,
        ...axes.y,
      }),
      series: [
        ...(axes.guide
          ? [{ type: "line", data: axes.guide, symbol: "none", silent: true, lineStyle: { color: MUTED, width: 1.2, type: "dashed" } }]
          : []),
        ...curves.map(({ points, colour, dashed }, i) => ({
          type: "custom",
          data: points.map(({ x, y }) => [x, y]),
          renderItem: ({ dataIndex }: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
            const at = (x: number, y: number): Place => {
              const [left, top] = api.coord([x, y]) as [number, number];
              return [left + DODGE * (i - (curves.length - 1) / 2), top];
            };
            const { x, y, low, high, weight } = points[dataIndex]!;
            const radius = weight === undefined ? 3 : 2 + 4 * Math.sqrt(weight);
            return {
              type: "group",
              children: [
                ...(dataIndex === 0
                  ? [
                      path(
                        points.map((point) => at(point.x, point.y)),
                        colour,
                        dashed ?? false,
                      ),
                    ]
                  : []),
                ...(low === null || high === null ? [] : [whisker(at(x, low), at(x, high), colour)]),
                dotAt(at(x, y), colour, radius),
              ],
            };
          },
        })),
      ],
    },
  };
}

/** A matrix of values in [−1, 1] or [0, 1]: the stronger, the deeper; below 0 in the other colour. */
export function heatmap(
  { rows, columns, cell }: { rows: readonly string[]; columns: readonly string[]; cell: (row: number, column: number) => number | null },
  { format, strongest, ...texts }: Texts & { format: (value: number) => string; strongest: number },
): Chart {
  const left = roomFor(rows);
  const slanted = widthOf(columns) > (WIDTH - left - 8) / columns.length;
  const names = slanted ? 58 : 26;
  const cells = rows.flatMap((_, row) => columns.map((_, column) => ({ row, column, value: cell(row, column) })));
  return {
    ...texts,
    height: 8 + rows.length * 26 + names,
    option: {
      grid: { left, right: 8, top: 6, bottom: names },
      xAxis: nameAxis(columns, {
        axisLabel: { color: INK, fontSize: 11, interval: 0, rotate: slanted ? 28 : 0, width: 96, overflow: "truncate" },
      }),
      yAxis: nameAxis(rows, { inverse: true, axisLabel: { color: INK, fontSize: 11, interval: 0, width: 138, overflow: "truncate" } }),
      series: [
        {
          type: "custom",
          data: cells.map(({ row, column }) => [column, row]),
          renderItem: ({ dataIndex }: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
            const { row, column, value } = cells[dataIndex]!;
            const [x, y] = api.coord([column, row]) as [number, number];
            const [width, height] = api.size!([1, 1]) as [number, number];
            const shape = { x: x - width / 2 + 1, y: y - height / 2 + 1, width: width - 2, height: height - 2, r: 3 };
            if (value === null) return { type: "rect", shape, style: { fill: GRID, opacity: 0.5 } };
            const depth = Math.min(1, Math.abs(value) / strongest);
            return {
              type: "group",
              children: [
                { type: "rect", shape, style: { fill: value < 0 ? "var(--below)" : "var(--above)", opacity: 0.08 + 0.62 * depth } },
                { type: "text", style: { x, y, text: format(value), fill: INK, fontSize: 11, align: "center", verticalAlign: "middle" } },
              ],
            };
          },
        },
      ],
    },
  };
}

function path(points: readonly Place[], colour: string, dashed: boolean): object {
  return {
    type: "polyline",
    shape: { points },
    style: { stroke: colour, fill: "none", lineWidth: dashed ? 1.2 : 2, ...(dashed && { lineDash: [4, 3] }) },
  };
}

function whisker([x1, y1]: Place, [x2, y2]: Place, colour: string): object {
  return { type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: colour, ...WHISKER } };
}

function dotAt([cx, cy]: Place, colour: string, r = 3.6): object {
  return { type: "circle", shape: { cx, cy, r }, style: { fill: colour } };
}

function chanceLine(place: object): object {
  return { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: MUTED, type: "dashed", width: 1 }, data: [place] };
}

/** A span between round numbers that holds all values, and the step from one round number to the next. */
function spanOf(values: readonly number[]): { readonly min: number; readonly max: number; readonly interval: number } {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const rough = (high - low || Math.abs(high) || 1) / STEPS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  return { min: Math.floor(low / interval + 1e-9) * interval, max: Math.ceil(high / interval - 1e-9) * interval, interval };
}
