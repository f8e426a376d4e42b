import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { digestFile } from "../config/digest.ts";
import { GatewayError } from "../domain/errors.ts";
import { type CalibrationTarget, fitCalibration, toCalibration } from "../evaluation/calibration-fit.ts";
import { measureCalibration } from "../evaluation/calibration-quality.ts";
import { foldsOf, type LabelledPrompt, splitPrompts } from "../evaluation/labelled-prompts.ts";
import { CALIBRATION_KINDS } from "../reward/index.ts";
import { type DataFile, type Split, toDocument } from "./calibrate/document.ts";
import { createLabelCollection, type LabelCollection } from "./calibrate/labels.ts";
import { showCalibration } from "./calibrate/report.ts";
import { configOption, readConfig } from "./config-file.ts";
import { requireDataFile } from "./data-file.ts";
import { EXIT, type SetExit, UsageError } from "./failure.ts";
import { dateOption, today } from "./iso-date.ts";
import { resolveJudgeSet, scoreWithJudges } from "./judge-scores.ts";
import { requireWritable } from "./output-file.ts";
import { seedNumber } from "./whole-number.ts";

interface CalibrateFlags {
  readonly config?: string;
  readonly judge: string;
  readonly method: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly folds?: number;
  readonly heldOut?: number;
  readonly heldOutFile?: string;
  readonly seed: number;
  readonly good?: number;
  readonly dimension?: string;
  readonly minGap: number;
  readonly onto?: string;
  readonly bins: number;
  readonly date?: string;
  readonly json: boolean;
}

/** Samples of a bootstrap interval. */
const BOOTSTRAP_SAMPLES = 1_000;

/** `rewardgate calibrate`: fits a calibration of one judge on a labelled file and shows what it does to data held out. */
export function calibrateCommand(exit: SetExit): Command {
  const methods = CALIBRATION_KINDS.map(({ method }) => method);
  const command = new Command("calibrate")
    .description("fit a calibration of a judge on labelled data, show its figures on a held-out part, write a calibration file")
    .argument("<file>", "JSON-lines file with pairs, ranked or rated records, gzipped or not")
    .addOption(configOption())
    .requiredOption("-j, --judge <name>", "judge of the configuration")
    .addOption(new Option("-m, --method <method>", "calibration to fit").choices(methods).default("temperature"))
    .option("-o, --output <file>", "where the calibration goes", "calibration.json")
    .option("--overwrite", "replace the output file", false)
    .option("--folds <n>", "hold each prompt out once, in n folds, and write the fit on all (default: 5)", folds)
    .option("--held-out <share>", "instead, hold out this share of the prompts, above 0 and below 1", share)
    .option("--held-out-file <file>", "instead, measure on the records of this file; prompts of it are left out of the fit")
    .option("--seed <n>", "seed of the split and of the intervals", seedNumber, 0)
    .option("--good <rating>", "label candidates good from this rating on, and fit the probability of good", number)
    .option("--dimension <name>", "which rating of rated records counts")
    .addOption(new Option("--min-gap <gap>", "least difference of ratings that makes a pair").argParser(number).default(0, "any"))
    .option("--onto <judge>", "judge whose scale a quantileMap leads to")
    .option("--bins <n>", "bins of the calibration errors", bins, 10)
    .addOption(dateOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", HELP);
  command.action((file: string, flags: CalibrateFlags) => calibrate(file, flags, exit));
  return command;
}

const HELP = `
Examples:
  $ rewardgate calibrate pairs.jsonl.gz --judge chat-reward
  $ rewardgate calibrate ratings.jsonl --judge chat-reward --method isotonic --good 4 -o chat-reward.calibration.json

Use it in rewardgate.yaml: { judge: chat-reward, calibration: { file: calibration.json } }. How figures are taken and which
method needs which labels: docs/calibration.md. Do not fit on data that the judge was trained on.`;

async function calibrate(path: string, flags: CalibrateFlags, exit: SetExit): Promise<void> {
  refuseFlags(path, flags);
  const config = await readConfig(flags.config);
  const asked = [flags.judge, ...(flags.onto === undefined ? [] : [flags.onto])];
  const set = await resolveJudgeSet(
    config,
    asked.map((judge) => ({ judge, calibration: "none" as const })),
  );
  const { bundle } = set.members[0]!.judge;
  if (bundle === undefined) throw new UsageError(`judge "${flags.judge}" follows a rule: calibrate a judge with a model`);
  const paths = [path, ...(flags.heldOutFile === undefined ? [] : [flags.heldOutFile])];
  const collections = paths.map(() => createLabelCollection(flags.dimension));
  const counts = await scoreWithJudges(set, paths, (record, parts, file) => {
    const scores = parts.map(([own, onto]) => ({ score: own!.raw!, ...(onto && { onto: onto.raw! }) }));
    collections[file]!.add(record, scores);
  });
  if (counts === undefined) {
    process.stderr.write("interrupted: nothing was fitted\n");
    return exit(EXIT.interrupted);
  }
  const { member } = set.members[0]!;
  const target = targetOf(flags, collections[0]!);
  const { fit, parts, split } = await setApart(collections, paths, flags);
  const fitOn = (prompts: readonly LabelledPrompt[]) =>
    fitCalibration(prompts, {
      method: flags.method,
      target,
      spaceIn: member.judge.space,
      seed: flags.seed,
      ...(set.members[1] && { ontoSpace: set.members[1].member.judge.space }),
    });
  const fitted = fitOn(fit);
  const held = parts.map((part) => ({
    calibration: toCalibration(part.fit === fit ? fitted : withoutFold(() => fitOn(part.fit))),
    prompts: part.heldOut,
  }));
  const quality = measureCalibration(held, {
    target,
    bins: flags.bins,
    bootstrap: { seed: flags.seed, samples: BOOTSTRAP_SAMPLES },
  });
  const document = toDocument(fitted, quality, {
    graphSha256: bundle.graph.sha256,
    bundleJudge: bundle.spec.name,
    judge: member.judge.name,
    judgeRevision: member.judge.revision,
    data: await dataFile(path),
    ...(set.members[1] && { onto: { judge: flags.onto!, judgeRevision: set.members[1].member.judge.revision } }),
    labels: target.labels,
    ...(target.labels === "good" && { goodFrom: target.goodFrom }),
    ...(flags.dimension !== undefined && { dimension: flags.dimension }),
    records: counts[0]!.records,
    prompts: fit.length,
    split,
    date: flags.date ?? today(),
  });
  await writeFile(flags.output, `${JSON.stringify(document, null, 2)}\n`);
  const leftOut = counts.reduce((total, count) => total + count.leftOut, 0) + collections.reduce((n, each) => n + each.unlabelled, 0);
  const notes = [
    ...fitted.notes,
    ...readingNotes(document),
    ...(leftOut > 0 ? [`${leftOut} records without scores or labels were left out`] : []),
  ];
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ output: flags.output, leftOut, notes, calibration: document }, null, 2)}\n`
      : `${showCalibration(document, quality, notes)}\nwritten to ${flags.output}; use it with calibration: { file: ${flags.output} }\n`,
  );
}

/** What labels say: `--good` makes ratings good or bad; a straight line or steps through ratings need nothing else; else pairs. */
function targetOf({ good, method, minGap }: CalibrateFlags, { compares }: LabelCollection): CalibrationTarget {
  if (good !== undefined) return { labels: "good", goodFrom: good };
  const predictsRatings = method === "affine" || method === "isotonic";
  return !compares && predictsRatings ? { labels: "ratings" } : { labels: "pairs", minGap };
}

/** What is fitted on for the file that is written, and what is measured: maps with prompts that they did not see. */
interface Apart {
  readonly fit: readonly LabelledPrompt[];
  readonly parts: readonly { readonly fit: readonly LabelledPrompt[]; readonly heldOut: readonly LabelledPrompt[] }[];
  readonly split: Split;
}

async function setApart(
  [own, other]: readonly LabelCollection[],
  paths: readonly string[],
  { seed, heldOut: share, folds = DEFAULT_FOLDS }: CalibrateFlags,
): Promise<Apart> {
  const prompts = own!.prompts();
  if (other !== undefined) {
    const heldOut = other.prompts();
    const groups = new Set(heldOut.map(({ group }) => group));
    const fit = prompts.filter(({ group }) => !groups.has(group));
    return { fit, parts: [{ fit, heldOut }], split: { heldOutData: await dataFile(paths[1]!), seed } };
  }
  if (share !== undefined) {
    const apart = splitPrompts(prompts, { share, seed });
    return { fit: apart.fit, parts: [apart], split: { by: "first user turn", heldOut: share, seed } };
  }
  const parts = foldsOf(prompts, { folds, seed }).map((heldOut) => {
    const held = new Set(heldOut);
    return { fit: prompts.filter((prompt) => !held.has(prompt)), heldOut };
  });
  return { fit: prompts, parts, split: { by: "first user turn", folds, seed } };
}

/** A fit on all but one fold, whose refusal says so: all of the data could be fitted. */
function withoutFold<T>(fit: () => T): T {
  try {
    return fit();
  } catch (thrown) {
    const { reason, message, details } = GatewayError.from(thrown);
    const remedy = "all of the data can be fitted, so hold less out at a time with more --folds, or label more";
    throw new GatewayError(reason, `without one of the folds, ${message}; ${remedy}`, { cause: thrown, details });
  }
}

const DEFAULT_FOLDS = 5;

async function dataFile(path: string): Promise<DataFile> {
  return { name: basename(path), sha256: await digestFile(path) };
}

function readingNotes({ spaceIn, spaceOut, fittedOn }: { spaceIn: string; spaceOut: string; fittedOn: { labels: string } }): string[] {
  if (fittedOn.labels === "ratings") return [];
  const odd = [...new Set([spaceIn, spaceOut])].filter((space) => !["logit", "probability", "unit", "logProbability"].includes(space));
  return odd.map((space) => `${space} scores are no log-odds; the figures read them as if they were`);
}

/** Mistakes that need no model to be seen. */
function refuseFlags(path: string, { output, overwrite, folds, heldOut, heldOutFile, method, onto }: CalibrateFlags): void {
  if ([folds, heldOut, heldOutFile].filter((flag) => flag !== undefined).length > 1) {
    throw new UsageError("--folds, --held-out and --held-out-file are three ways to hold data out; state one");
  }
  for (const file of [path, ...(heldOutFile === undefined ? [] : [heldOutFile])]) {
    requireDataFile(file, "labels");
  }
  if (method === "quantileMap" && onto === undefined) throw new UsageError("quantileMap needs --onto, the judge whose scale it leads to");
  if (method !== "quantileMap" && onto !== undefined) throw new UsageError("--onto belongs to quantileMap");
  requireWritable(output, overwrite);
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("use a number above 0 and below 1.");
  return value;
}

function folds(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) < 2) throw new InvalidArgumentError("use a whole number from 2 to 99.");
  return Number(text);
}

function number(text: string): number {
  if (text.trim() === "" || !Number.isFinite(Number(text))) throw new InvalidArgumentError("use a number.");
  return Number(text);
}

function bins(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError("use a whole number from 1 to 999.");
  return Number(text);
}
