import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { digestFile } from "../../config/digest.ts";
import { isRouting } from "../../config/panel-schema.ts";
import { type ReferenceArtefact, referenceArtefactSchema } from "../../config/reference-artefact.ts";
import { requirePanel } from "../../config/resolve.ts";
import type { Config } from "../../config/schema.ts";
import { digestPrompt } from "../../engine/digest.ts";
import { VERSION } from "../../version.ts";
import { readConfig } from "../config-file.ts";
import { requireDataFile } from "../data-file.ts";
import { UsageError } from "../failure.ts";
import { today } from "../iso-date.ts";
import { type AskedJudge, type JudgeSet, resolveJudgeSet, scoreWithJudges } from "../judge-scores.ts";
import { requireWritable } from "../output-file.ts";
import type { ScoreRecord } from "../score/records.ts";
import { distributionsOf, type ReadingScores, responsesOf, type ValueRule, valuesOf } from "./content.ts";
import { driftOf } from "./drift.ts";

/** Side of a pair that holds reference completions. */
export type Side = "chosen" | "rejected" | "all";

export interface BuildFlags {
  readonly config?: string;
  readonly panel?: string;
  readonly judge?: string;
  readonly kind: ReferenceArtefact["kind"];
  readonly quantile?: number;
  readonly mean: boolean;
  readonly side: Side;
  readonly name: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly date?: string;
}

/** What a build tells: the artefact, and records that gave it nothing. */
export interface Built {
  readonly artefact: ReferenceArtefact;
  readonly leftOut: number;
}

/**
 * Scores a file of reference completions and writes the artefact.
 *
 * @returns undefined when Ctrl-C ended the run
 * @throws {UsageError} when flags contradict each other or nothing could be scored
 */
export async function buildReference(path: string, flags: BuildFlags): Promise<Built | undefined> {
  refuseFlags(path, flags);
  const asked = flags.panel === undefined ? ({ judge: flags.judge! } as const) : ({ panel: flags.panel } as const);
  const config = await readConfig(flags.config);
  const made = flags.kind === "drift" ? await buildDrift(path, config, flags) : await buildReadings(path, config, asked, flags);
  if (made === undefined) return undefined;
  const { records, completions, leftOut, content } = made;
  const artefact = referenceArtefactSchema.parse({
    apiVersion: "rewardgate/v1",
    kind: flags.kind,
    name: flags.name,
    created: flags.date ?? today(),
    rewardgate: VERSION,
    asked,
    data: { name: basename(path), sha256: await digestFile(path), side: flags.side, records, completions },
    ...content,
  });
  await writeFile(flags.output, `${JSON.stringify(artefact, null, artefact.kind === "value" ? 2 : 0)}\n`);
  return { artefact, leftOut };
}

/** The kind's own part of an artefact, and what it was made from. */
interface Made {
  readonly records: number;
  readonly completions: number;
  readonly leftOut: number;
  readonly content: object;
}

async function buildDrift(path: string, config: Config, { panel, side }: BuildFlags): Promise<Made | undefined> {
  const made = await driftOf({ config, panel: panel!, path, candidatesOf: (record) => candidatesOn(record, side) });
  return made && { ...made.counts, content: made.content };
}

async function buildReadings(
  path: string,
  config: Config,
  asked: { readonly panel: string } | { readonly judge: string },
  flags: BuildFlags,
): Promise<Made | undefined> {
  const readings = "panel" in asked ? readingsOf(config, asked.panel) : [{ judge: asked.judge }];
  const set = "panel" in asked ? await resolveJudgeSet(config, readings) : await withOwnCalibration(config, asked.judge);
  const scores: ReadingScores[] = set.members.map(({ member }, i) => ({
    reading: member,
    objective: readings[i]!.objective,
    raw: [],
    calibrated: [],
    prompts: [],
  }));
  const counts = await scoreWithJudges(set, [path], (record, parts) => {
    const prompt = digestPrompt(record.item.prompt);
    for (const candidate of candidatesOn(record, flags.side)) {
      for (const [i, { raw, calibrated, prompts }] of scores.entries()) {
        const part = parts[candidate]![i]!;
        raw.push(part.raw!);
        calibrated.push(part.calibrated!);
        prompts.push(prompt);
      }
    }
  });
  if (counts === undefined) return undefined;
  const completions = scores[0]!.raw.length;
  if (completions === 0) throw new UsageError(`no completion of ${path} could be scored: a reference needs at least one`);
  return { records: counts[0]!.records, completions, leftOut: counts[0]!.leftOut, content: contentOf(flags, scores) };
}

function contentOf({ kind, mean, quantile = DEFAULT_QUANTILE }: BuildFlags, scores: readonly ReadingScores[]) {
  if (kind === "responses") return { readings: responsesOf(scores) };
  if (kind === "distribution") return { readings: distributionsOf(scores) };
  const rule: ValueRule = mean ? { method: "mean" } : { method: "quantile", q: quantile };
  return { rule, readings: valuesOf(scores, rule) };
}

/** Quantile that a good completion should reach. */
const DEFAULT_QUANTILE = 0.85;

/** What the members and constraints of a panel read, each once; its transforms may be waiting for this very artefact. */
function readingsOf(config: Config, name: string): AskedJudge[] {
  requirePanel(config, name);
  const panel = config.panels[name]!;
  if (isRouting(panel)) throw new UsageError(`panel "${name}" is a table; build for a panel that it leads to`);
  const seen = new Map<string, AskedJudge>();
  for (const { judge, objective, calibration } of [...panel.members, ...(panel.constraints?.judges ?? [])]) {
    const reading = { judge, ...(objective !== undefined && { objective }), ...(calibration !== undefined && { calibration }) };
    const key = JSON.stringify(reading);
    if (!seen.has(key)) seen.set(key, { ...reading, name: `reading-${seen.size + 1}` });
  }
  return [...seen.values()];
}

/** One judge with the calibration of its bundle, or without where it has none. */
async function withOwnCalibration(config: Config, judge: string): Promise<JudgeSet> {
  const plain = await resolveJudgeSet(config, [{ judge, calibration: "none" }]);
  return plain.members[0]!.judge.bundle?.calibration === undefined ? plain : resolveJudgeSet(config, [{ judge, calibration: "bundle" }]);
}

/** Indices of the candidates that are reference completions. */
function candidatesOn({ labels, candidates }: ScoreRecord, side: Side): number[] {
  if (labels.type === "pair" && side !== "all") return side === "chosen" ? [0] : [1];
  return [...candidates.keys()];
}

function refuseFlags(path: string, { panel, judge, kind, quantile, mean, output, overwrite }: BuildFlags): void {
  if ((panel === undefined) === (judge === undefined)) throw new UsageError("state whose scores: either --panel or --judge");
  requireDataFile(path, "reference completions");
  if (kind === "drift" && panel === undefined) throw new UsageError("statistics of runs are of panels: state --panel with --kind drift");
  if (kind !== "value" && (quantile !== undefined || mean)) throw new UsageError("--quantile and --mean belong to --kind value");
  if (quantile !== undefined && mean) throw new UsageError("--quantile and --mean are two rules; state one");
  requireWritable(output, overwrite);
}
