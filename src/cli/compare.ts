import { Command } from "commander";
import type { Config } from "../config/schema.ts";
import { compareScores, type Side } from "../evaluation/report/comparison.ts";
import { configOption, configPath, readConfig } from "./config-file.ts";
import { isReadOnce } from "./data-file.ts";
import { collectScores, exitBy, hasLabels } from "./eval/collect.ts";
import { showComparison } from "./eval/show-comparison.ts";
import { requireReportFolder, writeReport } from "./eval/write.ts";
import { EXIT, type SetExit, UsageError } from "./failure.ts";
import { type Interruption, listenForInterrupt } from "./interrupt.ts";
import { choosePanel } from "./offline-gateway.ts";
import { announce } from "./score/progress.ts";
import { wholeNumber } from "./whole-number.ts";

interface CompareFlags {
  readonly config?: string;
  readonly panel?: string;
  readonly against?: string;
  readonly againstPanel?: string;
  readonly output: string;
  readonly limit?: number;
  readonly withText: boolean;
  readonly json: boolean;
}

/** `rewardgate compare`: what moved between two panels, configurations or revisions of a judge, and whether it matters. */
export function compareCommand(exit: SetExit): Command {
  return new Command("compare")
    .description("score labelled files twice, and report what moved and whether it matters")
    .argument("<files...>", "JSON-lines files with labels, gzipped or not")
    .addOption(configOption())
    .option("-p, --panel <name>", "panel, or single judge, of side A (default: chat, else the first of the configuration)")
    .option("--against <config>", "configuration file of side B (default: that of side A)")
    .option("--against-panel <name>", "panel, or single judge, of side B (default: the name of side A)")
    .option("-o, --output <folder>", "where compare.json and compare.html go", "rewardgate-compare")
    .option("--limit <n>", "score the first n records of each file", wholeNumber)
    .option("--with-text", "show the texts of the candidates that moved most in the report", false)
    .option("--json", "print the report as JSON instead of a summary", false)
    .addHelpText("after", HELP)
    .action(async (paths: readonly string[], flags: CompareFlags) => {
      if (flags.against === undefined && flags.againstPanel === undefined) {
        throw new UsageError("nothing to compare with; name side B by --against <config>, --against-panel <name>, or both");
      }
      const once = paths.find(isReadOnce);
      if (once !== undefined) {
        throw new UsageError(`${once === "-" ? "standard input" : once} can be read once, and both sides read the files; name files`);
      }
      const a = await choosePanel(await readConfig(flags.config), flags.panel);
      const b = await choosePanel(await readConfig(flags.against ?? flags.config), flags.againstPanel ?? a.panel);
      requireReportFolder(flags.output, "compare");
      const interruption = listenForInterrupt();
      try {
        const run = { paths, flags, interruption };
        const sideA = await scoreSide(configPath(flags.config), a, run);
        const sideB = sideA && (await scoreSide(flags.against ?? configPath(flags.config), b, run));
        if (sideA === undefined || sideB === undefined) {
          process.stderr.write("interrupted before both sides had scored a labelled record\n");
          return exit(EXIT.interrupted);
        }
        announce("measuring");
        const report = compareScores(sideA, sideB);
        const { comparisonPage } = await import("../evaluation/report/page/comparison.ts");
        const page = await writeReport(flags.output, "compare", { report, page: comparisonPage(report) });
        process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : `${showComparison(report)}\n\nreport  ${page}\n`);
        exitBy([sideA.provenance, sideB.provenance], exit);
      } finally {
        interruption.stop();
      }
    });
}

const HELP = `
Examples:
  $ rewardgate compare pairs.jsonl.gz --panel chat --against-panel reward
  $ rewardgate compare pairs.jsonl.gz --config old.yaml --against new.yaml --panel chat

A judge's name stands for the panel of that judge alone, so two revisions of a judge are compared by two names of one
configuration, or by one name of two. How to read the page: docs/evaluation.md.
Exit codes: 0 all scored, 2 usage or configuration, 4 some records have no reward, 130 interrupted.`;

/** @returns undefined when the run was interrupted before it scored anything with labels */
async function scoreSide(
  config: string,
  chosen: { readonly config: Config; readonly panel: string },
  { paths, flags, interruption }: { paths: readonly string[]; flags: CompareFlags; interruption: Interruption },
): Promise<Side | undefined> {
  const { limit, withText } = flags;
  const { scored, provenance } = await collectScores({ ...chosen, paths, limit, withText, interruption });
  return hasLabels(scored, provenance) ? { config, scored, provenance } : undefined;
}
