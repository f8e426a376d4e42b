import { Command } from "commander";
import { configOption, configPath } from "./config-file.ts";
import { examine } from "./doctor/examine.ts";
import type { Finding } from "./doctor/finding.ts";
import { EXIT, type SetExit } from "./failure.ts";

/** `rewardgate doctor`: whether this machine can serve this configuration, and what to do where it cannot. */
export function doctorCommand(exit: SetExit): Command {
  const command = new Command("doctor")
    .description("examine the machine, the configuration, the models and their golden scores")
    .addOption(configOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", "\nExample:\n  $ rewardgate doctor --config rewardgate.yaml");
  command.action(async ({ config, json }: { config?: string; json: boolean }) => {
    const findings: Finding[] = [];
    for await (const finding of examine(configPath(config))) {
      findings.push(finding);
      if (!json) process.stdout.write(`${show(finding)}\n`);
    }
    if (json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
    if (findings.some(({ state }) => state === "fail")) exit(EXIT.failure);
  });
  return command;
}

function show({ name, state, message, fix }: Finding): string {
  const line = `${state.padEnd(4)}  ${name.padEnd(13)}  ${message}`;
  return fix === undefined ? line : `${line}\n      ${"".padEnd(13)}  fix: ${fix}`;
}
