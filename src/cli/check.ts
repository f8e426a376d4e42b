import { Command } from "commander";
import { checkKeys } from "../config/check-keys.ts";
import { checkTokenizers } from "../config/check-tokenizers.ts";
import { resolve } from "../config/resolve.ts";
import { servingProblems } from "../serving-problems.ts";
import { configOption, readConfig } from "./config-file.ts";

/** `rewardgate check`: everything that can be wrong before a model is loaded. */
export function checkCommand(): Command {
  return new Command("check")
    .description("check the configuration, model bundles and calibrations without loading a model")
    .argument("[file]", "configuration file, instead of --config")
    .addOption(configOption())
    .addHelpText(
      "after",
      "\nExample:\n  $ rewardgate check rewardgate.yaml\n\nPrints every problem with its place and a remedy, and exits with 2.",
    )
    .action(async (argument: string | undefined, { config: flag }: { config?: string }) => {
      const config = await readConfig(argument ?? flag);
      const found = [...servingProblems(config), ...(await checkKeys(config)), ...(await checkTokenizers(config))];
      const { judges, panels, backends } = await resolve(config, undefined, found);
      const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
      const parts = [count(judges.length, "judge"), count(panels.length, "panel"), count(backends.length, "model")];
      process.stdout.write(`${config.origin.file}: ok (${parts.join(", ")})\n`);
    });
}
