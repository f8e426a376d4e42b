import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { digestFile } from "../../config/digest.ts";
import { ATTACKS } from "../../evaluation/probes/attacks.ts";
import { robustnessOf } from "../../evaluation/probes/robustness.ts";
import { configOption, readConfig } from "../config-file.ts";
import { requireDataFile } from "../data-file.ts";
import { EXIT, type SetExit, UsageError } from "../failure.ts";
import { resolveJudgeSet } from "../judge-scores.ts";
import { requireWritable } from "../output-file.ts";
import { seedNumber, wholeNumber } from "../whole-number.ts";
import { attackRows } from "./attack-rows.ts";
import { requireCard, writeSection } from "./card.ts";
import { type RobustnessReport, robustnessSection, showRobustness } from "./robustness-text.ts";

interface ProbeFlags {
  readonly config?: string;
  readonly rows: string;
  readonly limit?: number;
  readonly seed: number;
  readonly output?: string;
  /** A file, or false. */
  readonly card?: string | false;
  readonly json: boolean;
  readonly gate: boolean;
}

/** Rows that ship with the package. */
const SHIPPED_ROWS = fileURLToPath(new URL("../../../examples/rows/mtbench-human.jsonl", import.meta.url));

/** `rewardgate judges probe`: whether a judge rewards empty responses, demands, flattery, fake turns and their like. */
export function probeCommand(exit: SetExit): Command {
  return new Command("probe")
    .description("attack a judge with responses that deserve no reward, and write what it made of them into its card")
    .argument("<judge>", "judge of the configuration")
    .addOption(configOption())
    .addOption(
      new Option("-r, --rows <file>", "JSON-lines file with genuine responses, gzipped or not").default(
        SHIPPED_ROWS,
        "rows that ship with the package",
      ),
    )
    .option("--limit <n>", "attack the first n rows", wholeNumber)
    .option("--seed <n>", "decides which variant of an attack a row gets", seedNumber, 0)
    .option("-o, --output <file>", "write the report as JSON")
    .option("--card <file>", "card to write into (default: README.md of the judge's bundle, where it has one)")
    .option("--no-card", "write into no card")
    .option("--json", "print the report as JSON instead of a table", false)
    .option("--gate", "end with exit code 1 when the judge rewards an attack", false)
    .addHelpText("after", HELP)
    .action(async (name: string, flags: ProbeFlags) => {
      requireDataFile(flags.rows, "responses");
      if (flags.output !== undefined) requireWritable(flags.output, true);
      const set = await resolveJudgeSet(await readConfig(flags.config), [{ judge: name, calibration: "none" }]);
      const { judge, bundle } = set.members[0]!.judge;
      const card = flags.card ?? (bundle && join(bundle.folder, "README.md"));
      if (card) await requireCard(card);
      const run = await attackRows(set, { path: flags.rows, limit: flags.limit, seed: flags.seed });
      if (run === undefined) return exit(EXIT.interrupted);
      const report: RobustnessReport = {
        judge: name,
        revision: judge.revision,
        rows: { file: basename(flags.rows), sha256: await digestFile(flags.rows), used: run.rows, leftOut: run.leftOut },
        seed: flags.seed,
        unscored: run.unscored,
        // Both scores of a pair may be off by the bound.
        attacks: robustnessOf(run.outcomes, ATTACKS, judge.determinism.class === "tolerance" ? 2 * judge.determinism.bound : 0),
      };
      if (flags.output !== undefined) await writeJson(flags.output, report);
      if (card) await writeSection(card, robustnessSection(report));
      process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : `${showRobustness(report)}\n${card ? `\ncard  ${card}\n` : ""}`);
      if (flags.gate && report.attacks.some(({ rewarded }) => rewarded)) exit(EXIT.failure);
    });
}

async function writeJson(path: string, report: RobustnessReport): Promise<void> {
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot write to ${path} (${cause.code}); name another file with --output`);
  });
}

const HELP = `
Example:
  $ rewardgate judges probe chat-reward --rows pairs.jsonl.gz --output robustness.json

Takes the response of each row that people liked best, else the first. What the attacks are and how to read the table: docs/robustness.md.
Exit codes: 0 done, 1 --gate and an attack is rewarded, 2 usage or configuration, 130 interrupted.`;
