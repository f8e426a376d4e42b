import { Command } from "commander";
import { resolve } from "../config/resolve.ts";
import type { Member, Panel } from "../domain/panel.ts";
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

function describe({ name, description, revision, aggregation, space, quorum, members }: Panel) {
  return { name, description, revision, aggregation: aggregation.method, space, quorum, members: members.map(describeMember) };
}

function describeMember({ judge, weight, calibration, transforms, onFailure, required, revision }: Member) {
  return {
    judge: judge.name,
    weight,
    calibration: calibration?.method ?? "none",
    transforms: transforms.map(({ name }) => name),
    onFailure: onFailure.policy === "impute" ? `impute(${onFailure.value})` : onFailure.policy,
    required,
    revision,
  };
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
