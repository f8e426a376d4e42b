import { Command } from "commander";
import { describePanel } from "../config/describe.ts";
import { resolve } from "../config/resolve.ts";
import type { Panel } from "../domain/panel.ts";
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
function describe(panel: Panel) {
  const info = describePanel(panel);
  const members = info.members.map((member, index) => {
    const { required, revision } = panel.members[index]!;
    return { ...member, required, revision };
  });
  return { ...info, quorum: panel.quorum, members };
}

function show(panel: Panel): string {
  const { name, description, aggregation, space, revision, members } = describe(panel);
  const cells = members.map((member) => [
    member.judge,
    String(member.weight),
    member.calibration,
    member.transforms.join(", ") || "none",
    member.required ? `${member.onFailure}, required` : member.onFailure,
  ]);
  const head = `${name}: ${description || "no description"}\n  ${aggregation}, reward in ${space}, revision ${revision.slice(0, 12)}`;
  return `${head}\n${indent(textTable(["judge", "weight", "calibration", "transforms", "on failure"], cells))}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
