import type { CompareReport, Difference } from "../comparison.ts";
import { heatmap, histogram } from "./cell-charts.ts";
import { type Chart, figure } from "./chart.ts";
import { nameOf } from "./comparisons.ts";
import { section } from "./document.ts";
import { intervalChart } from "./interval-charts.ts";
import { html, type Markup } from "./markup.ts";
import { count, fixed, percent, percentRange, points, pValue } from "./numbers.ts";
import { tableOf } from "./table.ts";

/** Colours of the two sides. */
export const A = "var(--s1)";
export const B = "var(--s0)";

/** Whether accuracy moved. */
export function accuracySection({ scorers }: CompareReport): Markup | undefined {
  const judged = scorers.flatMap(({ scorer, accuracy }) => (accuracy === null ? [] : [{ scorer, ...accuracy }]));
  if (judged.length === 0) return undefined;
  const sides = intervalChart(
    judged.map(({ scorer, a, b }) => ({
      name: nameOf(scorer),
      dots: [
        { value: a.accuracy, low: a.low, high: a.high, colour: A },
        { value: b.accuracy, low: b.low, high: b.high, colour: B },
      ],
    })),
    {
      title: "Accuracy of A and B",
      note: "Whiskers are each side's own. The difference is surer than they look, since both judged the same pairs.",
      chance: 0.5,
      format: (value) => percent(value, 0),
      table: {
        header: ["scorer", "A", "95 %", "B", "95 %", "n"],
        rows: judged.map(({ scorer, a, b }) => [
          scorer,
          percent(a.accuracy),
          percentRange(a.low, a.high),
          percent(b.accuracy),
          percentRange(b.low, b.high),
          count(a.n),
        ]),
      },
    },
  );
  const differences = (title: string, note: string, rows: readonly (Difference & { name: string })[]): Chart =>
    intervalChart(
      rows.map(({ name, difference, low, high }) => ({
        name: nameOf(name),
        label: points(difference),
        dots: [{ value: difference, low, high, colour: B }],
      })),
      {
        title,
        note,
        chance: 0,
        format: (value) => `${fixed(100 * value, 0)} pp`,
        table: {
          header: ["what", "A", "B", "difference", "95 %", "p", "A better on", "B better on", "n", "prompts"],
          rows: rows.map((row) => [
            row.name,
            percent(row.a),
            percent(row.b),
            points(row.difference),
            `${points(row.low)} to ${points(row.high)}`,
            pValue(row.p),
            count(row.onlyA),
            count(row.onlyB),
            count(row.n),
            count(row.prompts),
          ]),
        },
      },
    );
  const subsets = judged[0]!.subsets;
  const charts = [
    sides,
    differences(
      "Difference, B less A",
      "Right of the dashed line B is better.",
      judged.map(({ scorer, all }) => ({ ...all, name: scorer })),
    ),
    ...(subsets.length > 1
      ? [differences("Difference of the panels by subset", "Of many subsets a few stand out by chance.", subsets)]
      : []),
  ];
  const intro =
    "Whether the difference matters: the interval is paired, over prompts; p is the exact probability of a split so uneven if both were as good " +
    "(McNemar's test, a sign test where prompts have several comparisons).";
  return section("accuracy", "Accuracy", intro, charts.map(figure));
}

/** How far scores moved. */
export function changeSection({ scorers }: CompareReport): Markup | undefined {
  const charts = scorers
    .filter(({ role, n, identical }) => role !== "objective" && identical < n)
    .map(({ scorer, change, n }) =>
      histogram(change.bins, {
        title: scorer,
        note: `mean ${fixed(change.mean)}, standard deviation ${fixed(change.std)}, n ${count(n)}`,
        colour: B,
        axis: "B less A",
        table: {
          header: ["from", "to", "candidates"],
          rows: [
            ...change.bins.map(({ low, high, n: inside }) => [fixed(low), fixed(high), count(inside)]),
            ...Object.entries(change.quantiles).map(([name, value]) => [`quantile ${name.slice(1)} %`, fixed(value), ""]),
          ],
        },
      }),
    );
  return section(
    "change",
    "Change of the scores",
    "Score under B less score under A, of every candidate; pale bars fell. Scorers that did not move are left out.",
    charts.map(figure),
  );
}

/** Which verdicts moved. */
export function flipSection({ scorers }: CompareReport): Markup | undefined {
  const charts = scorers.flatMap(({ scorer, role, flips, kappa }) => {
    if (role === "objective" || flips === null) return [];
    const cells = [
      [flips.bothRight, flips.onlyA],
      [flips.onlyB, flips.neither],
    ];
    const all = flips.bothRight + flips.onlyA + flips.onlyB + flips.neither;
    const rows = ["A right", "A not right"];
    const columns = ["B right", "B not right"];
    return [
      heatmap(
        { rows: ["A right", "A not right"], columns, cell: (row, column) => cells[row === 0 ? 0 : 1]![column]! / all },
        {
          title: scorer,
          note: `Cohen's κ ${fixed(kappa, 2)}, n ${count(all)}`,
          format: (value) => percent(value),
          strongest: 1,
          table: {
            header: ["", ...columns],
            rows: rows.map((name, row) => [name, ...cells[row]!.map(count)]),
          },
        },
      ),
    ];
  });
  return section(
    "flips",
    "Verdicts that changed",
    "Share of comparisons that both, one or neither has right; a tie is not right.",
    charts.map(figure),
  );
}

/** Whether scores follow ratings better. */
export function ratingSection({ scorers }: CompareReport): Markup | undefined {
  const charts = scorers.flatMap(({ scorer, role, ratings }) => {
    if (role === "objective" || ratings.length === 0) return [];
    const dot = (value: number | null, colour: string) => (value === null ? [] : [{ value, low: null, high: null, colour }]);
    return [
      intervalChart(
        ratings.map(({ rating, a, b }) => ({ name: rating, dots: [...dot(a, A), ...dot(b, B)] })),
        {
          title: scorer,
          chance: 0,
          format: (value) => fixed(value, 2),
          table: {
            header: ["file", "rating", "A", "B", "n"],
            rows: ratings.map(({ file, rating, a, b, n }) => [file, rating, fixed(a), fixed(b), count(n)]),
          },
        },
      ),
    ];
  });
  return section("ratings", "Agreement with ratings", "Rank correlation with what people rated, under A and under B.", charts.map(figure));
}

/** How far apart the two sides are as reward functions. */
export function distanceSection({ scorers }: CompareReport): Markup | undefined {
  if (scorers.length === 0) return undefined;
  const table = {
    header: ["scorer", "Spearman", "STARC", "EPIC", "same verdict", "κ", "n", "prompts", "unmoved"],
    rows: scorers.map((row) => [
      row.scorer,
      fixed(row.spearman),
      fixed(row.starc),
      fixed(row.epic),
      percent(row.sameVerdict),
      fixed(row.kappa, 2),
      count(row.n),
      count(row.prompts),
      count(row.identical),
    ]),
  };
  const intro =
    "How far apart the two are as reward functions: 0 is the same up to scale (STARC: and up to what depends on the prompt alone), 1 the opposite.";
  return section("distance", "Distance", intro, [html`<div class="card wide">${tableOf(table)}</div>`]);
}

/** Candidates that moved most. */
export function movedSection({ moved }: CompareReport): Markup | undefined {
  if (moved.length === 0) return undefined;
  const table = {
    header: ["id", "subset", "candidate", "A", "B", "change"],
    rows: moved.map(({ id, subset, candidate, a, b }) => [id, subset ?? "–", String(candidate + 1), fixed(a), fixed(b), fixed(b - a)]),
  };
  const texts = moved.flatMap(({ id, candidate, texts: own }) =>
    own === undefined
      ? []
      : [html`<details><summary>${id}</summary>Prompt<pre>${own.prompt}</pre>Candidate<pre>${own.candidates[candidate]}</pre></details>`],
  );
  return section("moved", "Moved most", "Candidates whose reward moved most.", [
    html`<div class="card wide">${tableOf(table)}${texts}</div>`,
  ]);
}
