import { bestOfNKl } from "../../best-of-n.ts";
import type { Estimate } from "../estimate.ts";
import type { EvalReport } from "../report.ts";
import { heatmap } from "./cell-charts.ts";
import { type Chart, figure, nameAxis } from "./chart.ts";
import { nameOf, PROPORTION_HEADER, proportionCells } from "./comparisons.ts";
import { section } from "./document.ts";
import { curveChart, intervalChart } from "./interval-charts.ts";
import type { Markup } from "./markup.ts";
import { count, fixed, percent, range } from "./numbers.ts";
import type { Palette } from "./palette.ts";

/** Most ratings that stand side by side in a chart. */
const RATINGS_A_CHART = 6;

const oneDecimal = (value: number) => fixed(value, 1);

/** Length bias. */
export function lengthSection({ length, lengthUnit, accuracy }: EvalReport, palette: Palette): Markup | undefined {
  const spearman = intervalChart(
    length.map(({ scorer, spearman: { value, low, high } }) => ({
      name: scorer,
      label: fixed(value, 2),
      dots: value === null ? [] : [{ value, low, high, colour: palette.of(scorer) }],
    })),
    {
      title: "Rank correlation of score and length",
      note: "0 is indifferent to length.",
      chance: 0,
      format: oneDecimal,
      table: {
        header: ["scorer", "Spearman", "95 %", `slope per 100 ${lengthUnit}`, "95 %", "n"],
        rows: length.map(({ scorer, spearman: rho, slopePer100: slope, n }) => [scorer, ...cells(rho), ...cells(slope), count(n)]),
      },
    },
  );
  const charts: Chart[] = length.some(({ spearman: { value } }) => value !== null) ? [spearman] : [];
  if (length.some(({ betterLonger, betterShorter }) => betterLonger !== null || betterShorter !== null)) {
    const sides = [
      ["longer is better", "betterLonger"],
      ["shorter is better", "betterShorter"],
    ] as const;
    charts.push(
      intervalChart(
        sides.map(([name, key]) => ({
          name,
          dots: length.flatMap(({ scorer, [key]: share }) =>
            share === null ? [] : [{ value: share.accuracy, low: share.low, high: share.high, colour: palette.of(scorer) }],
          ),
        })),
        {
          title: "Accuracy by which side people preferred",
          note: `Longer was better in ${percent(accuracy.find(({ scorer }) => scorer === "longer")?.all.accuracy)} of all comparisons.`,
          chance: 0.5,
          format: (value) => percent(value, 0),
          table: {
            header: ["scorer", "where", ...PROPORTION_HEADER],
            rows: length.flatMap((own) =>
              sides.flatMap(([name, key]) => (own[key] === null ? [] : [[own.scorer, name, ...proportionCells(own[key])]])),
            ),
          },
        },
      ),
      curveChart(
        length.map(({ scorer, byDifference }) => ({
          colour: palette.of(scorer),
          points: byDifference.map(({ accuracy: y, low, high }, i) => ({ x: i, y, low, high })),
        })),
        {
          title: "Accuracy by difference of length",
          note: `By how many ${lengthUnit} the better candidate is longer, in bins of about equal numbers.`,
          axes: {
            xName: `${lengthUnit} longer, median of the bin`,
            yName: "accuracy",
            x: {
              ...nameAxis(length[0]!.byDifference.map(({ median }) => fixed(median, 0))),
              axisLabel: { color: "var(--muted)", fontSize: 11, interval: 0 },
            },
            y: { axisLabel: { color: "var(--muted)", fontSize: 11, formatter: (value: number) => percent(value, 0) } },
          },
          table: {
            header: ["scorer", "from", "median", "to", ...PROPORTION_HEADER],
            rows: length.flatMap(({ scorer, byDifference }) =>
              byDifference.map((bin) => [scorer, fixed(bin.from, 0), fixed(bin.median, 0), fixed(bin.to, 0), ...proportionCells(bin)]),
            ),
          },
        },
      ),
    );
  }
  const intro = `How much of a score is length, in ${lengthUnit} of the candidate. A judge of content is about as right where the shorter candidate is the better one.`;
  return section("length", "Length", intro, charts.map(figure));
}

/** Rank correlations with people's ratings. */
export function correlationSection({ correlations, files }: EvalReport, palette: Palette): Markup | undefined {
  const charts = files.flatMap(({ name: file }) => {
    const own = correlations.filter((row) => row.file === file);
    const kinds = [
      ["Over all candidates", (row: (typeof own)[number]) => row.spearman],
      ["Within prompts", (row: (typeof own)[number]) => row.withinPrompt?.spearman],
    ] as const;
    return kinds.flatMap(([title, pick]) => {
      const shown = own.filter((row) => pick(row)?.value != null);
      if (shown.length === 0) return [];
      const rows = [...new Set(shown.map(({ scorer }) => scorer))];
      const columns = [...new Set(shown.map(({ rating }) => rating))];
      const texts = {
        title: files.length > 1 ? `${title}: ${file}` : title,
        note: "Spearman's rank correlation; 1 is people's order, 0 none of it.",
        table: {
          header: ["rating", "scorer", "Spearman", "95 %", "Kendall τ-b", "Pearson", "n", "prompts within"],
          rows: shown.map((row) => [
            row.rating,
            row.scorer,
            ...cells(pick(row)!),
            title === "Within prompts" ? "–" : fixed(row.kendall),
            title === "Within prompts" ? "–" : fixed(row.pearson),
            count(row.n),
            row.withinPrompt === null ? "–" : count(row.withinPrompt.prompts),
          ]),
        },
      };
      if (columns.length === 1) {
        const dots = shown.map((row) => {
          const { value, low, high } = pick(row)!;
          return { name: nameOf(row.scorer), label: fixed(value, 2), dots: [{ value: value!, low, high, colour: palette.of(row.scorer) }] };
        });
        return [intervalChart(dots, { ...texts, chance: 0, format: oneDecimal })];
      }
      return partsOf(columns).map((part, i, parts) => {
        const cell = (row: number, column: number) => {
          const found = shown.find(({ scorer, rating }) => scorer === rows[row] && rating === part[column]);
          return found === undefined ? null : (pick(found)?.value ?? null);
        };
        const which = parts.length > 1 ? ` (${i + 1} of ${parts.length})` : "";
        const more = { format: (value: number) => fixed(value, 2), strongest: 0.6 };
        return heatmap({ rows: rows.map(nameOf), columns: part, cell }, { ...texts, title: texts.title + which, ...more });
      });
    });
  });
  const intro =
    "How scores rise with what people rated: the panel, its members, their objectives, and length for comparison. " +
    "Within prompts is the mean over prompts of the correlation inside each, which is what choosing among candidates needs.";
  return section("correlation", "Agreement with ratings", intro, charts.map(figure));
}

/** Ratings in parts that one chart has room for. */
function partsOf(ratings: readonly string[]): string[][] {
  const parts = Math.ceil(ratings.length / RATINGS_A_CHART);
  const size = Math.ceil(ratings.length / parts);
  return Array.from({ length: parts }, (_, i) => ratings.slice(i * size, (i + 1) * size));
}

/** Best-of-n curves. */
export function bestOfSection({ bestOf, files }: EvalReport, palette: Palette): Markup | undefined {
  const charts = files.flatMap(({ name: file }) => {
    const own = bestOf.filter((row) => row.file === file && row.curve.length > 1);
    if (own.length === 0) return [];
    const xOf = (n: number) => Math.log2(n);
    const oracle = own[0]!.curve.map(({ n, oracleGain }) => ({ x: xOf(n), y: oracleGain, low: null, high: null }));
    const curve = curveChart(
      [
        { points: oracle, colour: "var(--objective)", dashed: true },
        ...own.map(({ scorer, curve: points }) => ({
          colour: palette.of(scorer),
          points: points.map(({ n, gain }) => ({ x: xOf(n), y: gain.value ?? 0, low: gain.low, high: gain.high })),
        })),
      ],
      {
        title: files.length > 1 ? `Best of n: ${file}` : "Best of n",
        note: "Rating gained over one at random. The dashed grey line is choosing by the ratings themselves.",
        axes: {
          xName: "n, and the bound on the divergence in nats",
          yName: "rating gained",
          x: {
            min: 0,
            interval: 1,
            axisLabel: {
              color: "var(--muted)",
              fontSize: 11,
              formatter: (value: number) => `${2 ** value}\n${fixed(bestOfNKl(2 ** value), 2)}`,
            },
          },
        },
        table: {
          header: ["scorer", "n", "KL bound, nats", "groups", "gain", "95 %", "best possible", "own belief"],
          rows: own.flatMap(({ scorer, curve: points }) =>
            points.map(({ n, kl, groups, gain, oracleGain, proxyGain }) => [
              scorer,
              String(n),
              fixed(kl),
              count(groups),
              ...cells(gain),
              fixed(oracleGain),
              fixed(proxyGain),
            ]),
          ),
        },
      },
    );
    const recovery = intervalChart(
      own.map(({ scorer, pick }) => ({
        name: scorer,
        label: percent(pick.recovery.value, 0),
        dots:
          pick.recovery.value === null
            ? []
            : [{ value: pick.recovery.value, low: pick.recovery.low, high: pick.recovery.high, colour: palette.of(scorer) }],
      })),
      {
        title: "Recovered by picking from whole groups",
        note: "0 % is picking at random, 100 % always picking the best rated.",
        chance: 0,
        format: (value) => percent(value, 0),
        table: {
          header: ["scorer", "groups", "picked", "random", "best", "regret", "recovered", "95 %", "best rated picked", "95 %"],
          rows: own.map(({ scorer, groups, pick }) => [
            scorer,
            count(groups),
            fixed(pick.picked),
            fixed(pick.random),
            fixed(pick.oracle),
            fixed(pick.regret),
            ...cells(pick.recovery),
            ...cells(pick.topShare),
          ]),
        },
      },
    );
    return [curve, recovery];
  });
  const intro =
    "What it is worth to sample n candidates and keep the one that scores highest, measured in people's ratings. " +
    "A curve that falls while the scorer's own belief rises is over-optimised. Each point is over the groups with at least n candidates.";
  return section("best-of-n", "Best of n", intro, charts.map(figure));
}

/** An estimate and its interval, as two cells. */
function cells({ value, low, high }: Estimate): [string, string] {
  return [fixed(value), range(low, high)];
}
