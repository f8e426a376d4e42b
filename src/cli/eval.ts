import { Command } from "commander";
import { evaluateScores } from "../evaluation/report/report.ts";
import { configOption, readConfig } from "./config-file.ts";
import { collectScores, exitBy, hasLabels } from "./eval/collect.ts";
import { showEvaluation } from "./eval/show.ts";
import { requireReportFolder, writeReport } from "./eval/write.ts";
import type { SetExit } from "./failure.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { choosePanel } from "./offline-gateway.ts";
import { announce } from "./score/progress.ts";
import { wholeNumber } from "./whole-number.ts";

interface EvalFlags {
  readonly config?: string;
  readonly panel?: string;
  readonly output: string;
  readonly limit?: number;
  readonly withText: boolean;
  readonly json: boolean;
}

/** `rewardgate eval`: what labelled files say of a panel and each of its members, as JSON and as a page. */
export function evalCommand(exit: SetExit): Command {
  return new Command("eval")
    .description("score labelled files with a panel and its members, and report how good they are")
    .argument("<files...>", "JSON-lines files with labels, gzipped or not")
    .addOption(configOption())
    .option("-p, --panel <name>", "panel, or single judge, to evaluate (default: chat, else the first of the configuration)")
    .option("-o, --output <folder>", "where eval.json and eval.html go", "rewardgate-eval")
    .option("--limit <n>", "score the first n records of each file", wholeNumber)
    .option("--with-text", "show the texts of the worst errors in the report", false)
    .option("--json", "print the report as JSON instead of a summary", false)
    .addHelpText("after", HELP)
    .action(async (paths: readonly string[], { output, json, limit, withText, ...flags }: EvalFlags) => {
      const chosen = await choosePanel(await readConfig(flags.config), flags.panel);
      requireReportFolder(output, "eval");
      const interruption = listenForInterrupt();
      try {
        const { scored, provenance } = await collectScores({ ...chosen, paths, limit, withText, interruption });
        exitBy([provenance], exit);
        if (!hasLabels(scored, provenance)) return void process.stderr.write("interrupted before a labelled record was scored\n");
        announce("measuring");
        const report = evaluateScores(scored, provenance);
        // The chart library takes a moment to load, which no other command should wait for.
        const { evaluationPage } = await import("../evaluation/report/page/evaluation.ts");
        const page = await writeReport(output, "eval", { report, page: evaluationPage(report) });
        process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${showEvaluation(report)}\n\nreport  ${page}\n`);
      } finally {
        interruption.stop();
      }
    });
}

const HELP = `
Example:
  $ rewardgate eval pairs.jsonl.gz --panel chat --output report

Files hold pairs, ranked, rated or verifiable records; see docs/data-format.md. The page is one file and needs no network.
How to read it: docs/evaluation.md.
Exit codes: 0 all scored, 2 usage or configuration, 4 some records have no reward, 130 interrupted (what was scored is reported).`;
