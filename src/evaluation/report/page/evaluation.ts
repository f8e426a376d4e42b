import type { EvalReport } from "../report.ts";
import { accuracySection, calibrationSection, languageName, marginsSection } from "./comparisons.ts";
import { documentOf, type Tile, tiles } from "./document.ts";
import { agreementSection, benchmarkSection, errorSection } from "./judges.ts";
import { html, type Markup } from "./markup.ts";
import { count, fixed, percent, percentRange, range } from "./numbers.ts";
import { paletteOf } from "./palette.ts";
import { bestOfSection, correlationSection, lengthSection } from "./scores.ts";
import { tableOf } from "./table.ts";

/**
 * The report as one self-contained page: charts are SVG with a table behind each, nothing is fetched and no script runs.
 * Works without a browser; pure but for the numbering of shapes that the chart library keeps.
 */
export function evaluationPage(report: EvalReport): string {
  const palette = paletteOf(report.scorers);
  const sections: readonly [id: string, name: string, markup: Markup | undefined][] = [
    ["accuracy", "Accuracy", accuracySection(report, palette)],
    ["correlation", "Ratings", correlationSection(report, palette)],
    ["benchmarks", "Benchmarks", benchmarkSection(report)],
    ["margins", "Margins", marginsSection(report, palette)],
    ["calibration", "Calibration", calibrationSection(report, palette)],
    ["length", "Length", lengthSection(report, palette)],
    ["best-of-n", "Best of n", bestOfSection(report, palette)],
    ["agreement", "Agreement", agreementSection(report)],
    ["errors", "Errors", errorSection(report)],
  ];
  const there = sections.filter(([, , markup]) => markup !== undefined);
  const files = report.files.map(({ name }) => name).join(", ");
  const { panel, counts } = report;
  const languages = report.languages.map(({ tag }) => languageName(tag)).join(", ");
  const body = html`<header>
<h1>${panel.name} on ${files}</h1>
<p class="facts">${panel.description ? `${panel.description} ` : ""}${count(counts.records)} records, ${count(counts.candidates)} candidates${languages && `, ${languages}`}; ${report.created.slice(0, 10)}</p>
${leadOf(report)}
${noticesOf(report)}
${tiles(tilesOf(report))}
${palette.legend}
<nav aria-label="Sections">${there.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav>
</header>
${there.map(([, , markup]) => markup)}
${provenanceOf(report)}`;
  return documentOf(`${panel.name} on ${files} – RewardGate`, body);
}

/** The finding in a sentence. */
function leadOf({ accuracy, panel, correlations }: EvalReport): Markup | undefined {
  const own = accuracy.find(({ scorer }) => scorer === panel.name)?.all;
  const longer = accuracy.find(({ scorer }) => scorer === "longer")?.all;
  if (own !== undefined && longer !== undefined) {
    const best = Math.max(longer.accuracy, 1 - longer.accuracy);
    const beats = own.low > best ? "beats" : own.high < best ? "is worse than" : "is not told apart from";
    const what = longer.accuracy >= 0.5 ? "longer" : "shorter";
    return html`<p class="lead">The panel orders <b>${percent(own.accuracy)}</b> of ${count(own.n)} comparisons as people did (95 %: ${percentRange(own.low, own.high)}). It ${beats} preferring the ${what} candidate, which gets ${percent(best)}.</p>`;
  }
  const rated = correlations.filter(({ scorer, spearman }) => scorer === panel.name && spearman.value !== null);
  if (rated.length === 0) return undefined;
  const highest = (rows: typeof rated) => rows.reduce((most, row) => (row.spearman.value! > most.spearman.value! ? row : most));
  const followed = rated.filter(({ spearman }) => spearman.low !== null && spearman.low > 0);
  const best = highest(followed.length > 0 ? followed : rated);
  const finding = followed.length > 0 ? `follows ${best.rating} best` : `follows none beyond chance; closest is ${best.rating}`;
  return html`<p class="lead">Of ${rated.length === 1 ? "one rating" : `${rated.length} ratings`}, the panel's reward <b>${finding}</b>: rank correlation ${fixed(best.spearman.value, 2)} (95 %: ${range(best.spearman.low, best.spearman.high, 2)}) over ${count(best.n)} candidates.</p>`;
}

/** Most ratings that have a tile each. */
const MOST_RATINGS = 4;

function tilesOf({ accuracy, calibration, length, bestOf, correlations, panel, counts }: EvalReport): Tile[] {
  const found: Tile[] = [];
  const own = <T extends { scorer: string }>(rows: readonly T[]) => rows.find(({ scorer }) => scorer === panel.name);
  const all = own(accuracy)?.all;
  if (all) found.push({ label: "Accuracy", value: percent(all.accuracy), note: `${percentRange(all.low, all.high)}, n ${count(all.n)}` });
  const rated = correlations.flatMap(({ scorer, rating, spearman, n, withinPrompt }) => {
    if (scorer !== panel.name) return [];
    if (spearman.value !== null) return [{ rating, ...spearman, where: `n ${count(n)}` }];
    return withinPrompt === null ? [] : [{ rating, ...withinPrompt.spearman, where: "within prompts" }];
  });
  // Of many ratings the section shows all.
  for (const { rating, value, low, high, where } of rated.length > MOST_RATINGS ? [] : rated) {
    const note = low === null ? where : `${range(low, high, 2)}, ${where}`;
    found.push({ label: `Rank correlation, ${rating}`, value: fixed(value, 2), note });
  }
  const calibrated = own(calibration);
  if (calibrated) {
    found.push({ label: "Calibration error", value: fixed(calibrated.ece), note: `${fixed(calibrated.floor)} would be chance` });
    const { value, low, high } = calibrated.nll;
    found.push({ label: "Log loss", value: fixed(value), note: `${range(low, high)}; a coin 0.693` });
  }
  const best = own(bestOf)?.pick.recovery;
  if (best) found.push({ label: "Best of group recovers", value: percent(best.value, 0), note: percentRange(best.low, best.high) });
  const rho = own(length)?.spearman;
  if (rho) found.push({ label: "Correlation with length", value: fixed(rho.value, 2), note: range(rho.low, rho.high, 2) });
  if (counts.seconds > 0)
    found.push({
      label: "Speed",
      value: `${fixed(counts.candidates / counts.seconds, 0)}/s`,
      note: `candidates, ${fixed(counts.seconds, 0)} s in all`,
    });
  return found;
}

/** What a reader should not overlook. */
function noticesOf({ complete, counts, scorers, agreement }: EvalReport): Markup[] {
  const missing = scorers.filter((scorer) => scorer.missing > 0);
  const members = new Set(scorers.filter(({ role }) => role === "member").map(({ name }) => name));
  // The panel is made of its members, so that only two members can surprise.
  const alike = (holds: (pair: EvalReport["agreement"][number]) => boolean, what: string) =>
    agreement
      .filter((pair) => holds(pair) && members.has(pair.a) && members.has(pair.b))
      .map(({ a, b, pearson }) => `${a} and ${b} ${what}: correlation ${fixed(pearson, 2)}.`);
  const said = [
    ...(complete ? [] : ["The run was interrupted: this is on the records that were scored until then."]),
    ...(counts.failed.length > 0
      ? [
          `${count(counts.failed.length)} records could not be read or have a candidate without a reward; eval.json lists them. ` +
            counts.reasons.map(({ reason, records, example }) => `${count(records)} × ${reason}, such as: ${example}`).join("; "),
        ]
      : []),
    ...missing.map(({ name, missing: n }) => `${name} has no score for ${count(n)} candidates; its comparisons with them do not count.`),
    ...alike((pair) => pair.redundant, "say nearly the same, so one of the two adds little"),
    ...alike((pair) => pair.contradictory, "contradict each other"),
  ];
  return said.map((sentence) => html`<p class="warn">${sentence}</p>`);
}

function provenanceOf({ panel, scorers, files, version, created, lengthUnit, counts }: EvalReport): Markup {
  const members = {
    header: ["scorer", "role", "space", "revision"],
    rows: scorers.map(({ name, role, space, revision }) => [name, role, space, revision.slice(0, 12)]),
  };
  const parts = {
    header: ["member", "judge", "standing", "weight", "calibration", "transforms"],
    rows: panel.members.map(({ name, judge, standing, weight, calibration, transforms }) => [
      name,
      judge,
      standing,
      String(weight),
      calibration,
      transforms.join(", ") || "none",
    ]),
  };
  const read = {
    header: ["file", "records", "SHA-256"],
    rows: files.map(({ name, records, sha256 }) => [name, count(records), sha256?.slice(0, 16) ?? "–"]),
  };
  return html`<footer>
<p>RewardGate ${version}, ${created}. Panel ${panel.name} (${panel.aggregation}, reward in ${panel.space}), revision <code>${panel.revision}</code>. Lengths in ${lengthUnit}; ${count(counts.tokens)} tokens were read. A panel's number is its reward, a member's its calibrated score, an objective's the raw value. Intervals are of 95 %: Wilson's where each prompt has one comparison, else over prompts.</p>
<details><summary>Panel, scorers and files</summary>${tableOf(parts)}${tableOf(members)}${tableOf(read)}</details>
</footer>`;
}
