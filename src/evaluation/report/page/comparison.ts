import type { CompareReport, Difference, ScorerComparison } from "../comparison.ts";
import { A, accuracySection, B, changeSection, distanceSection, flipSection, movedSection, ratingSection } from "./differences.ts";
import { documentOf, type Tile, tiles } from "./document.ts";
import { html, type Markup } from "./markup.ts";
import { count, fixed, percent, percentRange, points, pValue } from "./numbers.ts";
import { tableOf } from "./table.ts";

/** The comparison as one self-contained page; see `evaluationPage`. */
export function comparisonPage(report: CompareReport): string {
  const [a, b] = namesOf(report);
  const files = report.files.map(({ name }) => name).join(", ");
  const panel = report.scorers.find(({ role }) => role === "panel");
  const sections = [
    accuracySection(report),
    changeSection(report),
    flipSection(report),
    ratingSection(report),
    distanceSection(report),
    movedSection(report),
  ];
  const body = html`<header>
<h1>${a} and ${b} on ${files}</h1>
<p class="facts">${count(report.rows)} labelled records; ${report.created.slice(0, 10)}</p>
${leadOf(panel, a, b)}
${noticesOf(report, panel)}
${panel && tiles(tilesOf(panel, a, b))}
<ul class="legend"><li><i style="background:${A}"></i>A: ${a}</li><li><i style="background:${B}"></i>B: ${b}</li></ul>
</header>
${sections}
${provenanceOf(report)}`;
  return documentOf(`${a} and ${b} on ${files} – RewardGate`, body);
}

/** What the two sides are called: by the panel, and by the configuration where that tells them apart. */
function namesOf({ a, b }: CompareReport): [string, string] {
  if (a.panel.name !== b.panel.name) return [a.panel.name, b.panel.name];
  return [`${a.panel.name} of ${a.config}`, `${b.panel.name} of ${b.config}`];
}

const VERDICTS: Readonly<Record<Difference["verdict"], (a: string, b: string) => string>> = {
  "a-better": (a, b) => `${a} is better than ${b}.`,
  "b-better": (a, b) => `${b} is better than ${a}.`,
  "no-difference-shown": () => "These labels show no difference.",
};

function leadOf(panel: ScorerComparison | undefined, a: string, b: string): Markup | undefined {
  if (panel === undefined) return undefined;
  const { accuracy, flips } = panel;
  if (accuracy === null || flips === null) {
    return html`<p class="lead">The two order the candidates alike by ${fixed(panel.spearman, 2)} (rank correlation, n ${count(panel.n)}).</p>`;
  }
  const { difference, low, high, p, verdict } = accuracy.all;
  return html`<p class="lead"><b>${VERDICTS[verdict](a, b)}</b> Accuracy moved by ${points(difference)} (95 %: ${points(low)} to ${points(high)}; p ${pValue(p)}). ${count(flips.onlyA + flips.onlyB)} of ${count(accuracy.all.n)} verdicts changed: ${count(flips.onlyB)} for the better, ${count(flips.onlyA)} for the worse.</p>`;
}

function noticesOf({ complete, a, b }: CompareReport, panel: ScorerComparison | undefined): Markup[] {
  const said = [
    ...(complete ? [] : ["The run was interrupted: this is on the records that both sides scored until then."]),
    ...(a.panel.space === b.panel.space
      ? []
      : [`The rewards are in different spaces (${a.panel.space} and ${b.panel.space}): their order can be compared, their values cannot.`]),
    ...(a.panel.revision === b.panel.revision ? ["Both sides have the same revision: they are the same panel."] : []),
    ...(panel !== undefined && panel.onlyA + panel.onlyB > 0
      ? [`${count(panel.onlyA)} candidates have a reward from A alone and ${count(panel.onlyB)} from B alone; they do not count.`]
      : []),
  ];
  return said.map((sentence) => html`<p class="warn">${sentence}</p>`);
}

function tilesOf({ accuracy, change, spearman, starc, n, identical }: ScorerComparison, a: string, b: string): Tile[] {
  const shown: Tile[] = [];
  if (accuracy !== null) {
    shown.push(
      {
        label: `Accuracy of ${a}`,
        value: percent(accuracy.a.accuracy),
        note: `${percentRange(accuracy.a.low, accuracy.a.high)}, n ${count(accuracy.a.n)}`,
      },
      {
        label: `Accuracy of ${b}`,
        value: percent(accuracy.b.accuracy),
        note: `${percentRange(accuracy.b.low, accuracy.b.high)}, n ${count(accuracy.b.n)}`,
      },
      {
        label: "Difference",
        value: points(accuracy.all.difference),
        note: `${points(accuracy.all.low)} to ${points(accuracy.all.high)}, p ${pValue(accuracy.all.p)}`,
      },
    );
  }
  shown.push(
    { label: "Rank correlation", value: fixed(spearman, 2), note: `n ${count(n)}` },
    { label: "STARC distance", value: fixed(starc, 2), note: "0 the same order, 1 the opposite" },
    { label: "Largest change", value: fixed(change.largest, 2), note: `mean ${fixed(change.mean, 3)}; ${count(identical)} did not move` },
  );
  return shown;
}

function provenanceOf({ a, b, files, version, created, lengthUnit: _ }: CompareReport): Markup {
  const sides = {
    header: ["side", "configuration", "panel", "aggregation", "reward in", "revision", "failed records"],
    rows: (
      [
        ["A", a],
        ["B", b],
      ] as const
    ).map(([name, { config, panel, counts }]) => [
      name,
      config,
      panel.name,
      panel.aggregation,
      panel.space,
      panel.revision.slice(0, 12),
      count(counts.failed.length),
    ]),
  };
  const read = {
    header: ["file", "records", "SHA-256"],
    rows: files.map(({ name, records, sha256 }) => [name, count(records), sha256?.slice(0, 16) ?? "–"]),
  };
  return html`<footer><p>RewardGate ${version}, ${created}.</p><details><summary>Sides and files</summary>${tableOf(sides)}${tableOf(read)}</details></footer>`;
}
