import { CustomChart, LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { html, type Markup, trusted } from "./markup.ts";
import { type Table, tableOf } from "./table.ts";

echarts.use([CustomChart, LineChart, GridComponent, MarkLineComponent, SVGRenderer]);

/** Width of every chart, in the units of its own coordinates; it scales with its place on the page. */
export const WIDTH = 330;

export const INK = "var(--ink)";
export const MUTED = "var(--muted)";
export const GRID = "var(--grid)";

/** A chart with a title, one sentence on how to read it, and the table that it is drawn from. */
export interface Chart {
  readonly title: string;
  readonly note?: string;
  readonly height: number;
  readonly option: echarts.EChartsCoreOption;
  readonly table: Table;
}

/** Draws a chart to SVG, without a browser. Colours are names of the page's own variables, so that it follows light and dark. */
export function figure({ title, note, height, option, table }: Chart): Markup {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({ animation: false, textStyle: { fontFamily: "inherit", fontSize: 12, color: INK }, ...option });
  const svg = chart.renderToSVGString({ useViewBox: true });
  chart.dispose();
  return html`<figure>
<figcaption><strong>${title}</strong>${note && html` <span>${note}</span>`}</figcaption>
<div class="chart" role="img" aria-label="${title}; the table below has the numbers">${trusted(svg)}</div>
<details><summary>Table</summary>${tableOf(table)}</details>
</figure>`;
}

/** An axis of numbers in the page's colours. */
export function valueAxis(more: object = {}): object {
  return {
    type: "value",
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: MUTED, fontSize: 11 },
    splitLine: { lineStyle: { color: GRID } },
    nameTextStyle: { color: MUTED, fontSize: 11 },
    ...more,
  };
}

/** An axis of names in the page's colours, the first at the top where it stands upright. */
export function nameAxis(names: readonly string[], more: object = {}): object {
  return {
    type: "category",
    data: names,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: { color: INK, fontSize: 11, interval: 0 },
    ...more,
  };
}
