import type { Proportion } from "../estimate.ts";
import type { EvalReport } from "../report.ts";
import { histogram } from "./cell-charts.ts";
import type { Chart } from "./chart.ts";
import { figure } from "./chart.ts";
import { section } from "./document.ts";
import { curveChart, intervalChart } from "./interval-charts.ts";
import type { Markup } from "./markup.ts";
import { count, fixed, percent, percentRange, range } from "./numbers.ts";
import type { Palette } from "./palette.ts";

const wholePercent = (value: number) => `${Math.round(value * 100)} %`;

/** Columns of a proportion in a table. */
export const PROPORTION_HEADER = ["accuracy", "95 %", "n", "prompts", "ties"];
export function proportionCells({ accuracy, low, high, n, prompts, ties }: Proportion): string[] {
  return [percent(accuracy), percentRange(low, high), count(n), count(prompts), count(ties)];
}

/** Accuracy overall, by subset and by language. */
export function accuracySection(report: EvalReport, palette: Palette): Markup | undefined {
  const roles = new Map(report.scorers.map(({ name, role }) => [name, role]));
  const judges = report.accuracy.filter(({ scorer }) => roles.get(scorer) !== "objective");
  const overall = intervalChart(
    report.accuracy.map(({ scorer, all }) => ({
      name: nameOf(scorer),
      label: percent(all.accuracy),
      dots: [{ value: all.accuracy, low: all.low, high: all.high, colour: palette.of(scorer) }],
    })),
    {
      title: "All comparisons",
      note: "The dashed line is a coin.",
      chance: 0.5,
      format: wholePercent,
      table: {
        header: ["scorer", ...PROPORTION_HEADER],
        rows: report.accuracy.map(({ scorer, all }) => [scorer, ...proportionCells(all)]),
      },
    },
  );
  const by = (key: "subsets" | "languages", title: string): Chart[] => {
    const names = [...new Set(judges.flatMap((own) => own[key].map(({ name }) => name)))];
    // A single part is all there is, which the first chart shows.
    if (names.length < 2) return [];
    const entries = names.map((name) => ({
      name: key === "languages" ? languageName(name) : name,
      own: judges.flatMap((judge) => judge[key].filter((part) => part.name === name).map((part) => ({ ...part, scorer: judge.scorer }))),
    }));
    const rows = entries.map(({ name, own }) => ({
      name,
      dots: own.map(({ accuracy, low, high, scorer }) => ({ value: accuracy, low, high, colour: palette.of(scorer) })),
    }));
    const table = {
      header: [title, "scorer", ...PROPORTION_HEADER],
      rows: entries.flatMap(({ name, own }) => own.map((part) => [name, part.scorer, ...proportionCells(part)])),
    };
    return [intervalChart(rows, { title: `By ${title}`, chance: 0.5, format: wholePercent, table })];
  };
  const charts = report.accuracy.length === 0 ? [] : [overall, ...by("subsets", "subset"), ...by("languages", "language")];
  const intro =
    "How often the better candidate scores higher; a tie counts one half. Whiskers are intervals of 95 %. " +
    "A scorer that does not beat preferring the longer candidate has learnt little else.";
  return section("accuracy", "Accuracy", intro, charts.map(figure));
}

/** Distributions of margins. */
export function marginsSection({ margins }: EvalReport, palette: Palette): Markup | undefined {
  const charts = margins.map(({ scorer, n, mean, std, quantiles, bins }) =>
    histogram(bins, {
      title: scorer,
      note: `mean ${fixed(mean, 2)}, standard deviation ${fixed(std, 2)}, n ${count(n)}`,
      colour: palette.of(scorer),
      axis: "margin",
      table: {
        header: ["from", "to", "comparisons"],
        rows: [
          ...bins.map(({ low, high, n: inside }) => [fixed(low), fixed(high), count(inside)]),
          ...Object.entries(quantiles).map(([name, value]) => [`quantile ${name.slice(1)} %`, fixed(value), ""]),
        ],
      },
    }),
  );
  const intro =
    "Score of the better candidate less that of the worse. Pale bars are wrong. The outer bars hold all that lies beyond. " +
    "Small margins everywhere leave a trainer little signal.";
  return section("margins", "Margins", intro, charts.map(figure));
}

/** Reliability diagrams. */
export function calibrationSection({ calibration }: EvalReport, palette: Palette): Markup | undefined {
  const charts = calibration.map(({ scorer, n, ece, floor, nll, brier, bins, meanConfidence, adaptiveEce }) => {
    const most = Math.max(...bins.map((bin) => bin.n));
    const points = bins.flatMap(({ confidence, accuracy, accuracyLow, accuracyHigh, n: inside }) =>
      confidence === null || accuracy === null
        ? []
        : [{ x: confidence, y: accuracy, low: accuracyLow, high: accuracyHigh, weight: inside / most }],
    );
    const axis = { min: 0.5, max: 1, interval: 0.1, axisLabel: { formatter: wholePercent, color: "var(--muted)", fontSize: 11 } };
    return curveChart([{ points, colour: palette.of(scorer) }], {
      title: scorer,
      note: `ECE ${fixed(ece)} (${fixed(floor)} would be chance on ${count(n)}), log loss ${fixed(nll.value)}, Brier ${fixed(brier.value)}`,
      axes: {
        xName: "how sure",
        yName: "how often right",
        x: axis,
        y: { min: 0, max: 1, interval: 0.25, axisLabel: axis.axisLabel },
        guide: [
          [0.5, 0.5],
          [1, 1],
        ],
      },
      table: {
        header: ["confidence from", "to", "n", "mean confidence", "right", "95 %"],
        rows: [
          ...bins.map((bin) => [
            percent(bin.low, 0),
            percent(bin.high, 0),
            count(bin.n),
            percent(bin.confidence),
            percent(bin.accuracy),
            percentRange(bin.accuracyLow, bin.accuracyHigh),
          ]),
          ["all", "", count(n), percent(meanConfidence), "", ""],
          ["log loss", "", "", fixed(nll.value), "", range(nll.low, nll.high)],
          ["Brier score", "", "", fixed(brier.value), "", range(brier.low, brier.high)],
          ["ECE, equal mass", "", "", fixed(adaptiveEce), "", ""],
        ],
      },
    });
  });
  const intro =
    "For scores in log-odds, σ(margin) claims to be the probability that people prefer the better candidate. Points on the dashed line keep " +
    "that promise, below it the scorer is too sure. Larger points hold more comparisons. A coin has log loss 0.693 and Brier score 0.25.";
  return section("calibration", "Calibration", intro, charts.map(figure));
}

/** A scorer as a reader knows it; an objective by its own name, which is short enough for a chart. */
export function nameOf(scorer: string): string {
  if (scorer === "longer") return "longer candidate";
  const objective = /^.+\/(.+)$/.exec(scorer)?.[1];
  return objective === undefined ? scorer : `· ${objective}`;
}

const LANGUAGES = new Intl.DisplayNames("en", { type: "language" });

/** A language by its English name, and its tag. */
export function languageName(tag: string): string {
  try {
    return `${LANGUAGES.of(tag)} (${tag})`;
  } catch {
    return tag;
  }
}
