import { Command } from "commander";
import { describeJudge } from "../config/describe.ts";
import { resolve } from "../config/resolve.ts";
import { configOption, readConfig } from "./config-file.ts";
import type { SetExit } from "./failure.ts";
import { probeCommand } from "./judges/probe.ts";
import { textTable } from "./text-table.ts";

/** `rewardgate judges`: the judges of a configuration, and what attacks make of one. */
export function judgesCommand(exit: SetExit): Command {
  return new Command("judges")
    .description("list the judges of the configuration, or probe one")
    .addHelpText("after", "\nExamples:\n  $ rewardgate judges --json\n  $ rewardgate judges probe chat-reward")
    .addCommand(listCommand(), { isDefault: true })
    .addCommand(probeCommand(exit));
}

/** `rewardgate judges list`, or `rewardgate judges` alone. Loads no model. */
function listCommand(): Command {
  return new Command("list")
    .description("list the judges of the configuration")
    .addOption(configOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", "\nExample:\n  $ rewardgate judges list --json")
    .action(async ({ config: file, json }: { config?: string; json: boolean }) => {
      const { judges } = await resolve(await readConfig(file));
      const rows = judges.map(describeJudge);
      if (json) return void process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      const header = ["judge", "kind", "space", "determinism", "backend", "max tokens", "license", "revision"];
      const cells = rows.map((row) => [
        row.name,
        row.kind,
        row.space,
        row.determinism,
        row.backend,
        String(row.maxTokens),
        row.license,
        row.revision.slice(0, 12),
      ]);
      const notes = rows.map(({ name, description, objectives }) => {
        const axes = objectives.length > 0 ? `\n  objectives: ${objectives.join(", ")}` : "";
        return `${name}: ${description}${axes}`;
      });
      process.stdout.write(`${textTable(header, cells)}\n\n${notes.join("\n")}\n`);
    });
}
