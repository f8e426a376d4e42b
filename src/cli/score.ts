import { existsSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Config } from "../config/schema.ts";
import type { Steering } from "../domain/reward.ts";
import { DEFAULT_OPTIONS, type Detail, type ScoreOptions } from "../domain/score.ts";
import { configOption, readConfig } from "./config-file.ts";
import { EXIT, type SetExit, UsageError } from "./failure.ts";
import { choosePanel, openOffline } from "./offline-gateway.ts";
import { scoreFile } from "./score/file.ts";
import { showScores } from "./score/show.ts";
import { wholeNumber } from "./whole-number.ts";

interface ScoreFlags {
  readonly config?: string;
  readonly panel?: string;
  readonly json: boolean;
  readonly reference?: string;
  readonly objective?: Readonly<Record<string, number>>;
  readonly detail?: Detail;
  readonly output?: string;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly limit?: number;
}

/** `rewardgate score`: texts from the command line, or a JSON-lines file. The gateway runs in this process. */
export function scoreCommand(exit: SetExit): Command {
  const command = new Command("score")
    .description("score responses to a prompt, or every record of a JSON-lines file")
    .argument("<prompt-or-file>", "the prompt, when responses follow; else a JSON-lines file, gzipped or not, or - for standard input")
    .argument("[responses...]", "responses to score")
    .addOption(configOption())
    .option("-p, --panel <name>", "panel, or single judge, that scores (default: chat, else the first of the configuration)")
    .option("--objective <name=weight>", "weigh this objective of multi-objective judges; may be repeated", objective)
    .option("--json", "print JSON: the answer, or the summary of a file", false)
    .option("--reference <text>", "reference answer, with a prompt")
    .addOption(
      new Option("--detail <level>", "what results say (default: full for texts, judges for files)").choices(["reward", "judges", "full"]),
    )
    .option("-o, --output <file>", "write results of a file there, one JSON line a record (default: standard output)")
    .option("--resume", "go on where an earlier run into --output ended, and score again what failed for a passing reason", false)
    .option("--overwrite", "replace what --output holds", false)
    .option("--limit <n>", "score the first n records of a file", wholeNumber)
    .addHelpText("after", HELP);
  command.action(async (first: string, responses: readonly string[], flags: ScoreFlags) => {
    refuseFlags(responses.length > 0, flags);
    const { config, panel } = await choosePanel(await readConfig(flags.config), flags.panel);
    if (responses.length > 0) return scoreTexts({ prompt: first, responses, flags, config, panel, exit });
    if (first !== "-" && !existsSync(first)) {
      throw new UsageError(`no file ${JSON.stringify(first)}; to score texts give a prompt and at least one response`);
    }
    if (flags.resume && flags.output === undefined) throw new UsageError("--resume needs --output, the file to go on with");
    await scoreFile({ path: first, flags, panel, options: optionsOf(flags, "judges"), open: () => openOffline(config, panel), exit });
  });
  return command;
}

const HELP = `
Examples:
  $ rewardgate score "How do I boil an egg?" "Eight minutes in boiling water." "Google it."
  $ rewardgate score pairs.jsonl.gz --output scores.jsonl

Files hold one record a line: pairs (chosen, rejected), rated (response, ratings), ranked (responses, ratings), verifiable
(answer, responses) or unlabelled (candidates); see docs/data-format.md. Labelled files end with accuracy.
Exit codes: 0 all scored, 2 usage or configuration, 4 some records have no reward, 130 interrupted.`;

/** Flags that would change nothing. */
function refuseFlags(ofTexts: boolean, { output, resume, overwrite, limit, reference }: ScoreFlags): void {
  const given = { "--output": output, "--resume": resume || undefined, "--overwrite": overwrite || undefined, "--limit": limit };
  const [idle] = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (ofTexts && idle !== undefined)
    throw new UsageError(`${idle} belongs to a file of records; of texts, --json prints what a program can keep`);
  if (!ofTexts && reference !== undefined)
    throw new UsageError("--reference belongs to a prompt; records state their own (docs/data-format.md)");
}

async function scoreTexts(call: {
  prompt: string;
  responses: readonly string[];
  flags: ScoreFlags;
  config: Config;
  panel: string;
  exit: SetExit;
}): Promise<void> {
  const { prompt, responses, flags } = call;
  const gateway = await openOffline(call.config, call.panel);
  try {
    const item = {
      id: "1",
      prompt: [{ role: "user", content: prompt } as const],
      candidates: responses.map((content) => ({ content })),
      ...(flags.reference !== undefined && { reference: flags.reference }),
    };
    const request = { panel: call.panel, items: [item], options: optionsOf(flags, "full") };
    const result = await gateway.service.score(request, { requestId: "1", transport: "cli", signal: new AbortController().signal });
    process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : `${showScores(result, responses)}\n`);
    const failed = result.results[0]!.candidates.flatMap(({ status }, i) => (status === "failed" ? [i + 1] : []));
    if (failed.length === 0) return;
    process.stderr.write(`no reward for: ${failed.map((number) => `#${number}`).join(", ")}\n`);
    call.exit(EXIT.partial);
  } finally {
    await gateway.close(0);
  }
}

function optionsOf(flags: ScoreFlags, detail: Detail): ScoreOptions {
  const steering: Steering | undefined = flags.objective && { weights: flags.objective, mode: "override", alpha: 1 };
  return { ...DEFAULT_OPTIONS, detail: flags.detail ?? detail, ...(steering && { steering }) };
}

function objective(text: string, before: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  const [, name, weight] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || !Number.isFinite(Number(weight))) throw new InvalidArgumentError("use name=weight, for example helpfulness=1.");
  return { ...before, [name]: Number(weight) };
}
