import { Command } from "commander";
import { describePanel } from "../config/describe.ts";
import { resolve } from "../config/resolve.ts";
import { isRouter, type Panel, type Router } from "../domain/panel.ts";
import { configOption, readConfig } from "./config-file.ts";
import { textTable } from "./text-table.ts";

/** `rewardgate panels`: the panels of a configuration with their members. Loads no model. */
export function panelsCommand(): Command {
  return new Command("panels")
    .description("list the panels of the configuration, with their members")
    .addOption(configOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", "\nExample:\n  $ rewardgate panels")
    .action(async ({ config: file, json }: { config?: string; json: boolean }) => {
      const { panels } = await resolve(await readConfig(file));
      const text = json ? JSON.stringify(panels.map(describe), null, 2) : panels.map(show).join("\n\n");
      process.stdout.write(`${text}\n`);
    });
}

/** What the service says of a panel, and what only its configuration knows. */
function describe(panel: Panel | Router) {
  const info = describePanel(panel);
  if (isRouter(panel)) return info;
  const members = info.members.map((member, index) => {
    const { required, revision } = panel.members[index]!;
    return { ...member, required, revision };
  });
  return { ...info, quorum: panel.quorum, members };
}

function show(panel: Panel | Router): string {
  const { name, description, revision } = panel;
  const about = `${name}: ${description || "no description"}`;
  if (isRouter(panel)) {
    const cells = panel.rows.map(({ when, panel: to }) => [when || "otherwise", to]);
    return `${about}\n  routes, revision ${revision.slice(0, 12)}\n${indent(textTable(["item", "panel"], cells))}`;
  }
  const { aggregation, space, members, constraints, advantages, states, sequence } = describePanel(panel);
  const cells = members.map((member, index) => [
    member.name === member.judge ? member.judge : `${member.name} (${member.judge})`,
    member.standing === "counts" ? String(member.weight) : member.standing,
    ...(sequence.length > 0 ? [String(member.stage)] : []),
    member.calibration,
    member.transforms.join(", ") || "none",
    panel.members[index]!.required ? `${member.onFailure}, required` : member.onFailure,
  ]);
  const head = `${about}\n  ${aggregation}, reward in ${space}, revision ${revision.slice(0, 12)}`;
  const columns = ["judge", "weight", ...(sequence.length > 0 ? ["stage"] : []), "calibration", "transforms", "on failure"];
  const more = [
    ...sequence.map((rule) => `open while: ${rule}`),
    ...constraints.map((constraint) => `constraint: ${constraint}`),
    ...(advantages === "" ? [] : [`advantages: ${advantages}`]),
    ...(states.length === 0 ? [] : [`reads the state of: ${states.join(", ")}`]),
  ];
  return [head, indent(textTable(columns, cells)), ...more.map(indent)].join("\n");
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
