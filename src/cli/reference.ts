import { Command, InvalidArgumentError, Option } from "commander";
import { formatProblem } from "../config/problems.ts";
import { openArtefact } from "../config/reference-artefact.ts";
import { configOption } from "./config-file.ts";
import { EXIT, type SetExit, UsageError } from "./failure.ts";
import { dateOption } from "./iso-date.ts";
import { type BuildFlags, buildReference } from "./reference/build.ts";
import { showReference } from "./reference/show.ts";

/** `rewardgate reference`: scores of reference completions as artefacts that a configuration names. */
export function referenceCommand(exit: SetExit): Command {
  return new Command("reference")
    .description("build and show reference artefacts: what reference completions score under the judges of a configuration")
    .addCommand(buildCommand(exit))
    .addCommand(showCommand());
}

function buildCommand(exit: SetExit): Command {
  const command = new Command("build")
    .description("score a file of reference completions and write an artefact, tied to the revisions of the judges")
    .argument("<file>", "JSON-lines file, gzipped or not: pairs, ranked, rated or unlabelled records")
    .addOption(configOption())
    .option("-p, --panel <name>", "build for what the members and constraints of this panel read")
    .option("-j, --judge <name>", "build for one judge, with the calibration of its bundle")
    .addOption(
      new Option("-k, --kind <kind>", "what to keep").choices(["value", "responses", "distribution", "drift"]).makeOptionMandatory(),
    )
    .option("--quantile <q>", "quantile that the value is, above 0 and below 1 (default: 0.85)", quantile)
    .option("--mean", "take the mean as the value", false)
    .addOption(
      new Option("--side <side>", "side of pairs that holds reference completions")
        .choices(["chosen", "rejected", "all"])
        .default("chosen"),
    )
    .requiredOption("-n, --name <name>", "name of the reference")
    .requiredOption("-o, --output <file>", "where the artefact goes")
    .option("--overwrite", "replace the output file", false)
    .addOption(dateOption())
    .addHelpText("after", HELP);
  command.action(async (file: string, flags: BuildFlags) => {
    const built = await buildReference(file, flags);
    if (built === undefined) {
      process.stderr.write("interrupted: nothing was written\n");
      return exit(EXIT.interrupted);
    }
    const left = built.leftOut > 0 ? `\nnote: ${built.leftOut} records could not be scored whole and were left out` : "";
    process.stdout.write(`${showReference(built.artefact)}${left}\nwritten to ${flags.output}\n`);
  });
  return command;
}

const HELP = `
Example:
  $ rewardgate reference build sft.jsonl --panel chat --kind value --quantile 0.85 --name sft -o references/sft.json

Then, in rewardgate.yaml:
  references: { sft: { file: references/sft.json } }
  … transforms: [{ method: logSigmoidCentred, reference: { artefact: sft } }]

A revision of a judge or of its calibration makes the artefact stale, and the configuration is refused until it is built again:
docs/references.md.`;

function showCommand(): Command {
  return new Command("show")
    .description("print a reference artefact")
    .argument("<file>", "artefact")
    .option("--json", "print JSON", false)
    .addHelpText("after", "\nExample:\n  $ rewardgate reference show references/sft.json")
    .action(async (file: string, { json }: { json: boolean }) => {
      const opened = await openArtefact(file);
      if ("problems" in opened) throw new UsageError(opened.problems.map(formatProblem).join("\n"));
      const { artefact } = opened;
      process.stdout.write(`${json ? JSON.stringify(artefact, null, 2) : showReference(artefact)}\n`);
    });
}

function quantile(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("use a number above 0 and below 1.");
  return value;
}
