import { Command } from "commander";
import { resolve } from "../config/resolve.ts";
import { describeDeterminism } from "../domain/score-space.ts";
import { configOption, readConfig } from "./config-file.ts";
import { textTable } from "./text-table.ts";

/** `rewardgate judges`: the judges of a configuration. Loads no model. */
export function judgesCommand(): Command {
  return new Command("judges")
    .description("list the judges of the configuration")
    .addOption(configOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", "\nExample:\n  $ rewardgate judges --json")
    .action(async ({ config: file, json }: { config?: string; json: boolean }) => {
      const { judges, backends } = await resolve(await readConfig(file));
      const rows = judges.map(({ judge, description, license }) => {
        const plan = backends.find(({ name }) => name === judge.backend);
        return {
          name: judge.name,
          kind: judge.kind,
          description,
          license,
          revision: judge.revision,
          space: judge.space,
          determinism: describeDeterminism(judge.determinism),
          accepts: [...judge.accepts],
          objectives: judge.gated?.objectives.map(({ name }) => name) ?? [],
          backend: judge.backend ?? "",
          maxTokens: plan?.onnx.maxTokens ?? 0,
        };
      });
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
