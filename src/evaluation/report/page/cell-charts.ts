import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from "echarts";
import { type Chart, GRID, INK, MUTED, nameAxis, valueAxis, WIDTH } from "./chart.ts";
import { chanceLine, roomFor, type Texts, widthOf } from "./marks.ts";

/** Width of a cell that a number fits in. */
const NUMBER_WIDTH = 30;

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

/** A matrix of values in [−1, 1] or [0, 1]: the stronger, the deeper; below 0 in the other colour. */
export function heatmap(
  { rows, columns, cell }: { rows: readonly string[]; columns: readonly string[]; cell: (row: number, column: number) => number | null },
  { format, strongest, ...texts }: Texts & { format: (value: number) => string; strongest: number },
): Chart {
  const left = roomFor(rows);
  const room = (WIDTH - left - 8) / columns.length;
  const slanted = widthOf(columns) > room;
  // Where a number has no room, the table has it.
  const written = room >= NUMBER_WIDTH;
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
                ...(written
                  ? [
                      {
                        type: "text",
                        style: { x, y, text: format(value), fill: INK, fontSize: 11, align: "center", verticalAlign: "middle" },
                      },
                    ]
                  : []),
              ],
            };
          },
        },
      ],
    },
  };
}
