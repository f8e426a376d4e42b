import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from "echarts";
import { type Chart, INK, MUTED, nameAxis, valueAxis, WIDTH } from "./chart.ts";
import { chanceLine, dotAt, type Place, path, roomFor, spanOf, type Texts, whisker } from "./marks.ts";

/** How far apart curves stand at the same place, so that their whiskers do not hide each other. */
const DODGE = 5;

/** A value with its interval, in a colour. */
export interface Dot {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly colour: string;
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
