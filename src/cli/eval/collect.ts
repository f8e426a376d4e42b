import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { describePanel } from "../../config/describe.ts";
import { resolve } from "../../config/resolve.ts";
import type { Config } from "../../config/schema.ts";
import { DEFAULT_OPTIONS } from "../../domain/score.ts";
import type { Provenance } from "../../evaluation/report/report.ts";
import type { Scored, ScoredRow } from "../../evaluation/report/rows.ts";
import { VERSION } from "../../version.ts";
import { isReadOnce } from "../data-file.ts";
import { EXIT, type SetExit, UsageError } from "../failure.ts";
import type { Interruption } from "../interrupt.ts";
import { openOffline } from "../offline-gateway.ts";
import { type LineSource, openLines } from "../score/lines.ts";
import { createProgress } from "../score/progress.ts";
import { type BrokenRecord, parseRecord, type ScoreRecord } from "../score/records.ts";
import type { ResultRow } from "../score/rows.ts";
import { hasFailed, scoreRecords } from "../score/run.ts";
import { openLengthCounter } from "./length-counter.ts";
import { scoreColumns, scorersOf } from "./scorers.ts";

/** Candidates under way or waiting for their turn: enough for full batches of like lengths. */
const WINDOW = 512;
/** Longest text that a report shows, UTF-16 units. */
const SHOWN_TEXT = 2_000;

export interface Collection {
  readonly paths: readonly string[];
  readonly config: Config;
  readonly panel: string;
  /** Records of each file; all without it. */
  readonly limit: number | undefined;
  /** Whether rows keep their texts, for a report that shows them. */
  readonly withText: boolean;
  readonly interruption: Interruption;
}

/** Scores the labelled records of files with a panel, its members and their objectives. */
export async function collectScores(run: Collection): Promise<{ scored: Scored; provenance: Provenance }> {
  const { paths, config, panel: name, limit, withText, interruption } = run;
  const { panels, backends } = await resolve(config, [name]);
  const panel = panels.find((found) => found.name === name)!;
  const scorers = scorersOf(panel, panels);
  const lengths = await openLengthCounter(backends);
  const sources = await openAll(paths, interruption.signal);
  const names = uniqueNames(paths);
  const total = limit === undefined ? sumOf(sources.map(({ size }) => size)) : limit * sources.length;
  const gateway = await openOffline(config, name).catch((thrown) => {
    for (const source of sources) source.close();
    throw thrown;
  });
  const progress = createProgress(total);
  const rows: ScoredRow[] = [];
  const counts = { records: 0, candidates: 0, unlabelled: 0, failed: [] as string[], tokens: 0 };
  const reasons = new Map<string, { reason: string; records: number; example: string }>();
  const read = paths.map(() => 0);
  /** File of each record under way, and the bytes up to it. */
  const places: { readonly file: number; readonly done: number }[] = [];
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const keep = async (record: ScoreRecord | BrokenRecord, row: ResultRow, file: number) => {
    if (hasFailed(row)) {
      counts.failed.push(row.id ?? `${names[file]} line ${row.line}`);
      const { reason, message } = row.failure ?? row.candidates.find(({ status }) => status === "failed")!.failure!;
      const known = reasons.get(reason) ?? { reason, records: 0, example: message };
      reasons.set(reason, { ...known, records: known.records + 1 });
    }
    if (!("item" in record)) return;
    if (record.labels.type === "none") return void counts.unlabelled++;
    const scores = scoreColumns(scorers, row.candidates, record.candidates.length);
    rows.push(rowOf(record, names[file]!, { scores, lengths: await lengths.count(record.candidates), withText }));
  };
  try {
    const complete = await scoreRecords(
      records(sources, limit, (place) => places.push(place)),
      {
        service: gateway.service,
        panel: { name, revision: panel.revision },
        options: { ...DEFAULT_OPTIONS, detail: "full" },
        window: WINDOW,
        signal: interruption.signal,
        onRow: async (record, row, usage) => {
          const { file, done } = places.shift()!;
          await keep(record, row, file);
          read[file]!++;
          counts.records++;
          counts.candidates += usage.candidates;
          counts.tokens += usage.tokens;
          progress.update(limit === undefined ? done : counts.records, { candidates: counts.candidates, seconds: seconds() });
        },
      },
    );
    const files = await Promise.all(paths.map(async (path, i) => ({ name: names[i]!, records: read[i]!, sha256: await sha256Of(path) })));
    const { description, revision, aggregation, members } = describePanel(panel);
    return {
      scored: { scorers: scorers.map(({ read: _, ...scorer }) => scorer), rows },
      provenance: {
        created: new Date().toISOString(),
        version: VERSION,
        complete,
        panel: {
          ...{ name, description, revision, space: scorers[0]!.space },
          aggregation: aggregation || "routes",
          members: members.map(({ name: member, judge, weight, standing, calibration, transforms }) => ({
            ...{ name: member, judge, weight, standing, calibration },
            transforms: [...transforms],
          })),
        },
        files,
        lengthUnit: lengths.unit,
        counts: { ...counts, reasons: [...reasons.values()].sort((a, b) => b.records - a.records), seconds: seconds() },
      },
    };
  } finally {
    progress.stop();
    await gateway.close(0);
  }
}

/** Sets the exit code by what the runs of a command scored. */
export function exitBy(runs: readonly Pick<Provenance, "complete" | "counts">[], exit: SetExit): void {
  if (runs.some(({ counts }) => counts.failed.length > 0)) exit(EXIT.partial);
  if (runs.some(({ complete }) => !complete)) exit(EXIT.interrupted);
}

/**
 * Whether there is something to report.
 *
 * @throws {UsageError} when all was scored and nothing of it has labels
 */
export function hasLabels({ rows }: Scored, { complete }: Pick<Provenance, "complete">): boolean {
  if (rows.length > 0) return true;
  if (complete) throw new UsageError("no record with labels was scored; docs/data-format.md says which keys are labels");
  return false;
}

function rowOf(
  record: ScoreRecord,
  file: string,
  { scores, lengths, withText }: Pick<ScoredRow, "scores" | "lengths"> & { withText: boolean },
): ScoredRow {
  const prompt = record.item.prompt.map(({ role, content }) => `${role}: ${String(content)}`).join("\n\n");
  const cut = (text: string) => (text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)} …` : text);
  return {
    id: record.item.id,
    file,
    subset: record.subset,
    language: record.language,
    prompt: createHash("sha256").update(prompt).digest("base64url").slice(0, 16),
    labels: record.labels,
    lengths,
    scores,
    ...(withText && { texts: { prompt: cut(prompt), candidates: record.candidates.map(cut) } }),
  };
}

async function* records(
  sources: readonly LineSource[],
  limit: number | undefined,
  onRecord: (place: { file: number; done: number }) => void,
): AsyncGenerator<ScoreRecord | BrokenRecord> {
  let before = 0;
  for (const [file, source] of sources.entries()) {
    let place = 0;
    let last = 0;
    for await (const { number, text, end } of source.lines) {
      place++;
      last = end;
      onRecord({ file, done: before + end });
      yield parseRecord(number, text);
      if (place === limit) break;
    }
    before += source.size ?? last;
  }
}

/** Opens every file before a model is loaded, so that a wrong name ends the command at once. */
async function openAll(paths: readonly string[], signal: AbortSignal): Promise<LineSource[]> {
  const sources: LineSource[] = [];
  for (const path of paths) sources.push(await openLines(path, signal));
  return sources;
}

function sumOf(sizes: readonly (number | undefined)[]): number | undefined {
  return sizes.reduce((total, size) => (total === undefined || size === undefined ? undefined : total + size), 0);
}

/** File names without their folders where that tells them apart. */
function uniqueNames(paths: readonly string[]): string[] {
  const short = paths.map((path) => (path === "-" ? "standard input" : basename(path)));
  return new Set(short).size === short.length ? short : [...paths];
}

async function sha256Of(path: string): Promise<string | null> {
  if (isReadOnce(path)) return null;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
