import { DIFFICULTIES } from "../../style-difficulty.ts";
import type { EvalReport } from "../report.ts";
import { heatmap } from "./cell-charts.ts";
import { type Chart, figure } from "./chart.ts";
import { section } from "./document.ts";
import { html, type Markup } from "./markup.ts";
import { count, fixed, percent } from "./numbers.ts";
import { tableOf } from "./table.ts";

/** How alike the panel and its members are. */
export function agreementSection({ agreement }: EvalReport): Markup | undefined {
  const names = [...new Set(agreement.flatMap(({ a, b }) => [a, b]))];
  const table = {
    header: ["a", "b", "same verdict", "κ", "comparisons", "Spearman", "Pearson", "STARC", "EPIC", "n", "prompts"],
    rows: agreement.map((pair) => [
      pair.a,
      pair.b,
      percent(pair.sameVerdict),
      fixed(pair.kappa),
      count(pair.comparisons),
      fixed(pair.spearman),
      fixed(pair.pearson),
      fixed(pair.starc),
      fixed(pair.epic),
      count(pair.n),
      count(pair.prompts),
    ]),
  };
  const matrix = (title: string, note: string, value: (pair: EvalReport["agreement"][number]) => number | null, own: number): Chart =>
    heatmap(
      {
        rows: names,
        columns: names,
        cell: (row, column) => {
          if (row === column) return own;
          const pair = agreement.find(({ a, b }) => [a, b].includes(names[row]!) && [a, b].includes(names[column]!));
          return pair === undefined ? null : value(pair);
        },
      },
      { title, note, format: (x) => fixed(x, 2), strongest: 1, table },
    );
  const some = (key: "sameVerdict" | "starc" | "epic" | "spearman") => agreement.some((pair) => pair[key] !== null);
  const charts = [
    ...(some("sameVerdict")
      ? [matrix("Same verdict", "Share of comparisons on which both prefer the same side.", (pair) => pair.sameVerdict, 1)]
      : []),
    ...(some("spearman") ? [matrix("Rank correlation", "Spearman's, over all candidates.", (pair) => pair.spearman, 1)] : []),
    ...(some("starc")
      ? [matrix("STARC distance", "Within prompts: 0 is the same reward up to scale, 1 the opposite.", (pair) => pair.starc, 0)]
      : []),
    ...(some("epic")
      ? [matrix("EPIC distance", "Over all candidates, so it sees differences between prompts too.", (pair) => pair.epic, 0)]
      : []),
  ];
  const intro =
    "Members that say the same thing add little to each other; members that contradict each other pull the reward both ways. " +
    "Distances are those between reward functions, on these candidates.";
  return section("agreement", "Agreement of the judges", intro, charts.map(figure));
}

/** Scores of known benchmarks. */
export function benchmarkSection({ benchmarks, scorers }: EvalReport): Markup | undefined {
  const judges = benchmarks.filter(({ scorer }) => scorers.find(({ name }) => name === scorer)?.role !== "objective");
  const figures: Markup[] = [];
  const difficult = judges.flatMap(({ scorer, difficulty }) => (difficulty === null ? [] : [{ scorer, difficulty }]));
  for (const { scorer, difficulty } of difficult) {
    const rows = [...difficulty.domains.map(({ domain }) => domain), "all domains"];
    const columns = [...DIFFICULTIES.filter((name) => difficulty[name] !== undefined), "mean"];
    const value = (row: number, column: number): number | null => {
      const domain = difficulty.domains[row];
      const name = DIFFICULTIES.find((own) => own === columns[column]);
      if (name === undefined) return domain?.mean ?? difficulty.overall;
      return (domain === undefined ? difficulty[name] : domain[name]?.accuracy) ?? null;
    };
    const cells = (row: number) => columns.map((_, column) => percent(value(row, column)));
    const sizes = (row: number) => DIFFICULTIES.map((name) => String(difficulty.domains[row]?.[name]?.n ?? "–"));
    figures.push(
      figure(
        heatmap(
          { rows, columns, cell: value },
          {
            title: `By difficulty of style: ${scorer}`,
            note: "Hard sets a plain good answer against a lavish bad one; easy the other way round. A tie is wrong.",
            format: (x) => percent(x, 0),
            strongest: 1,
            table: {
              header: ["domain", ...columns, ...DIFFICULTIES.map((name) => `n ${name}`)],
              rows: rows.map((name, row) => [name, ...cells(row), ...sizes(row)]),
            },
          },
        ),
      ),
    );
  }
  const sectioned = judges.flatMap(({ scorer, rewardBench }) => (rewardBench === null ? [] : [{ scorer, rewardBench }]));
  if (sectioned.length > 0) {
    const columns = [...Object.keys(sectioned[0]!.rewardBench.sections), "overall"];
    const value = (row: number, column: number) => {
      const { sections, overall } = sectioned[row]!.rewardBench;
      return columns[column] === "overall" ? overall : (sections[columns[column]!] ?? null);
    };
    const rows = sectioned.map(({ scorer }) => scorer);
    figures.push(
      figure(
        heatmap(
          { rows, columns, cell: value },
          {
            title: "RewardBench sections",
            note: "Accuracy of the subsets that were run, weighted as the benchmark does. A tie is wrong.",
            format: (x) => percent(x, 0),
            strongest: 1,
            table: {
              header: ["scorer", ...columns],
              rows: rows.map((name, row) => [name, ...columns.map((_, column) => percent(value(row, column)))]),
            },
          },
        ),
      ),
    );
  }
  const tied = judges.flatMap(({ scorer, ties }) => (ties === null ? [] : [{ scorer, ties }]));
  if (tied.length > 0) {
    const table = {
      header: ["scorer", "score", "one right", "several right", "preferred", "preferred, harder", "margin", "prompts"],
      rows: tied.map(({ scorer, ties }) => [
        scorer,
        fixed(ties.score),
        percent(ties.singleAccuracy),
        percent(ties.tiedAccuracy),
        percent(ties.preferred),
        percent(ties.preferredHard),
        fixed(ties.margin),
        count(ties.prompts),
      ]),
    };
    figures.push(html`<div class="card wide"><strong>Ties of RewardBench 2</strong>${tableOf(table)}</div>`);
  }
  return section("benchmarks", "Benchmarks", "Scores of benchmarks whose subsets the file has.", figures);
}

/** What the panel has most wrong. */
export function errorSection({ errors, panel, lengthUnit, scorers }: EvalReport): Markup | undefined {
  const figures: Markup[] = [];
  const judges = scorers.filter(({ role }) => role !== "objective").map(({ name }) => name);
  if (errors.compared.length > 0) {
    const table = {
      header: ["id", "subset", ...judges.map((name) => `margin of ${name}`), `${lengthUnit}, better`, `${lengthUnit}, worse`],
      rows: errors.compared.map(({ id, subset, margins, lengths }) => [
        id,
        subset ?? "–",
        ...judges.map((name) => fixed(margins[name], 2)),
        String(lengths[0]),
        String(lengths[1]),
      ]),
    };
    const texts = errors.compared.flatMap(({ id, better, worse, texts: own }) =>
      own === undefined
        ? []
        : [
            html`<details><summary>${id}</summary>Prompt<pre>${own.prompt}</pre>People prefer<pre>${own.candidates[better]}</pre>${panel.name} prefers<pre>${own.candidates[worse]}</pre></details>`,
          ],
    );
    figures.push(html`<div class="card wide"><strong>Comparisons</strong>${tableOf(table)}${texts}</div>`);
  }
  if (errors.rated.length > 0) {
    const table = {
      header: ["id", "subset", "reward", "mean rating", "rank too high by", lengthUnit],
      rows: errors.rated.map(({ id, subset, reward, rating, rankGap, length }) => [
        id,
        subset ?? "–",
        fixed(reward, 2),
        fixed(rating, 2),
        percent(rankGap, 0),
        String(length),
      ]),
    };
    const texts = errors.rated.flatMap(({ id, texts: own }) =>
      own === undefined
        ? []
        : [html`<details><summary>${id}</summary>Prompt<pre>${own.prompt}</pre>Candidate<pre>${own.candidates[0]}</pre></details>`],
    );
    figures.push(html`<div class="card wide"><strong>Rated candidates</strong>${tableOf(table)}${texts}</div>`);
  }
  const intro =
    "What the panel has most wrong, worst first. Look here for labels that are wrong as well. Texts are shown only where --with-text asked for them.";
  return section("errors", "Worst errors", intro, figures);
}
