import type { ReferenceArtefact } from "../../config/reference-artefact.ts";
import { quantileSorted, sum } from "../../reward/numerics.ts";
import { decimal, textTable } from "../text-table.ts";

/** An artefact for people: what it is of, and one row per judge. */
export function showReference(artefact: ReferenceArtefact): string {
  const { name, kind, created, rewardgate, asked, data } = artefact;
  const whose = "panel" in asked ? `panel ${asked.panel}` : `judge ${asked.judge}`;
  const side = data.side === "all" ? "" : `, ${data.side} side of pairs`;
  const head = [
    `reference ${name}: ${describeKind(artefact)}`,
    `built     ${created} by RewardGate ${rewardgate} for ${whose}`,
    `data      ${data.name}, ${data.completions} completions of ${data.records} records${side}, SHA-256 ${data.sha256.slice(0, 12)}`,
  ];
  const rows = contentRows(artefact);
  return `${head.join("\n")}\n\n${textTable(["judge", "revision", "calibration", "space", ...rows.header], rows.cells)}${
    kind === "responses" ? "\n\nScores are per prompt: mean is over all of them." : ""
  }`;
}

function describeKind(artefact: ReferenceArtefact): string {
  if (artefact.kind === "responses") return "scores of reference completions per prompt";
  if (artefact.kind === "distribution") return "distribution of scores";
  if (artefact.kind === "drift") return "what runs are held against";
  return artefact.rule.method === "mean" ? "mean of the scores" : `quantile ${artefact.rule.q} of the scores`;
}

function contentRows(artefact: ReferenceArtefact): { readonly header: string[]; readonly cells: string[][] } {
  const first = ({ judge, objective, judgeRevision, calibration, space }: ReferenceArtefact["readings"][number]) => [
    objective === undefined ? judge : `${judge}/${objective}`,
    judgeRevision.slice(0, 12),
    calibration.slice(0, 12),
    space,
  ];
  if (artefact.kind === "value") {
    return { header: ["value"], cells: artefact.readings.map((entry) => [...first(entry), decimal(entry.value)]) };
  }
  if (artefact.kind === "responses") {
    const cells = artefact.readings.map((entry) => {
      const all = Object.values(entry.responses).flat();
      return [...first(entry), String(Object.keys(entry.responses).length), String(all.length), decimal(sum(all) / all.length)];
    });
    return { header: ["prompts", "scores", "mean"], cells };
  }
  if (artefact.kind === "drift") {
    const { panel, reward, readings } = artefact;
    const numbers = ({ scores, mean, std, length }: typeof reward) => [
      String(scores),
      decimal(mean),
      decimal(std),
      length === undefined ? "" : decimal(length.rho),
    ];
    const cells = readings.map((entry) => [...first(entry), ...numbers(entry)]);
    return {
      header: ["scores", "mean", "std", "length"],
      cells: [["(reward)", panel.revision.slice(0, 12), "", reward.space, ...numbers(reward)], ...cells],
    };
  }
  const at = [0.05, 0.5, 0.85, 0.95];
  const cells = artefact.readings.map((entry) => [...first(entry), ...at.map((q) => decimal(quantileSorted(entry.calibrated, q)))]);
  return { header: at.map((q) => `q ${q}`), cells };
}
