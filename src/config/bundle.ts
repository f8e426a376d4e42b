import { lstat, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { z } from "zod";
import type { ConfigProblem } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import type { GoldenRow, GoldenScore } from "../domain/judge.ts";
import {
  BUNDLE_KEYS,
  type BundleSpec,
  bundleSchema,
  type CalibrationFile,
  calibrationFileSchema,
  GOLDEN_OF,
  goldenGroupSchema,
  goldenRowSchema,
  MIN_GOLDEN_ROWS,
} from "./bundle-schema.ts";
import { digestFile, digestOf } from "./digest.ts";
import { findingsOf } from "./issues.ts";
import type { Finding } from "./problems.ts";
import { readText } from "./read-text.ts";
import { parseYaml, type YamlSource } from "./source.ts";

/** A file of a bundle whose bytes are what the bundle says. */
export interface VerifiedFile {
  readonly path: string;
  readonly sha256: string;
}

/** A model bundle that was opened: every file is there and is the one that its makers signed for. */
export interface Bundle {
  readonly folder: string;
  readonly spec: BundleSpec;
  /** Keys of `judge.yaml` that the judge kind checks and reads. */
  readonly kindParams: Readonly<Record<string, unknown>>;
  /** Digest of `judge.yaml`, which pins every other file. */
  readonly digest: string;
  readonly graph: VerifiedFile;
  readonly weights?: VerifiedFile;
  readonly tokenizer: VerifiedFile;
  readonly calibration?: CalibrationFile;
  /** As recorded on this architecture, or where it has no record of its own the one set that every bundle has. */
  readonly golden: readonly GoldenRow[];
  /** Places a finding about `judge.yaml`. */
  readonly locate: YamlSource["locate"];
}

/** Digests of files by path, so that a graph which several judges share is read once. */
export type DigestCache = Map<string, Promise<string>>;

/**
 * Opens a model bundle and verifies it: structure of its files, their digests, where they lie, golden scores, and that
 * the calibration was fitted on this very graph. Loads no model.
 *
 * @param folder  absolute path of the bundle
 * @param digests shared by the bundles of one configuration
 * @param architecture Node's name of the one whose golden scores are wanted; those of others are verified too
 * @returns the bundle, or every problem that it has
 */
export async function openBundle(
  folder: string,
  digests: DigestCache,
  architecture: NodeJS.Architecture = process.arch,
): Promise<{ bundle: Bundle } | { problems: ConfigProblem[] }> {
  const manifest = join(folder, "judge.yaml");
  const text = await readText(manifest, "name a folder that holds a judge.yaml");
  if (typeof text !== "string") return { problems: [{ file: manifest, path: "", ...text }] };
  const source = parseYaml(text, { file: manifest });
  if (source.problems.length > 0) return { problems: [...source.problems] };
  const parsed = bundleSchema.safeParse(source.data);
  if (!parsed.success) return { problems: findingsOf(parsed.error.issues, bundleSchema, source.data).map(source.locate) };
  const spec = parsed.data;

  const problems: ConfigProblem[] = [];
  const verified: Partial<Record<keyof BundleSpec["files"], VerifiedFile>> = {};
  for (const [name, file] of Object.entries(spec.files)) {
    if (file === undefined) continue;
    const path = resolve(folder, file.path);
    const finding = (await misplaced(folder, file.path)) ?? (await tampered(path, file.sha256, digests));
    if (finding === undefined) verified[name as keyof BundleSpec["files"]] = { path, sha256: file.sha256 };
    else problems.push(source.locate({ path: ["files", name, finding.key], cause: finding.cause, remedy: finding.remedy }));
  }
  if (verified.weights && verified.graph && dirname(verified.weights.path) !== dirname(verified.graph.path)) {
    const remedy = "put both in one folder: the runtime looks for weights beside the graph";
    problems.push(source.locate({ path: ["files", "weights", "path"], cause: "not in the folder of the graph", remedy }));
  }
  const goldens: Partial<Record<keyof BundleSpec["files"], GoldenRow[]>> = {};
  for (const name of ["golden", ...Object.values(GOLDEN_OF)] as const) {
    const file = verified[name];
    if (file) goldens[name] = await readGolden(file.path, problems);
  }
  const calibration = verified.calibration && (await readCalibration(verified.calibration.path, spec, problems));
  if (problems.length > 0) return { problems };

  const ownGolden = GOLDEN_OF[architecture];
  const { state: _, ...outputs } = spec.model.outputs;
  const own = Object.entries(spec).filter(([key]) => !BUNDLE_KEYS.has(key));
  return {
    bundle: {
      folder,
      spec,
      kindParams: { outputs, ...Object.fromEntries(own) },
      digest: digestOf(text),
      graph: verified.graph!,
      ...(verified.weights && { weights: verified.weights }),
      tokenizer: verified.tokenizer!,
      ...(calibration && { calibration }),
      golden: (ownGolden && goldens[ownGolden]) ?? goldens.golden!,
      locate: source.locate,
    },
  };
}

/** Whether the judge.yaml of a bundle names a calibration. Checks nothing: what is wrong with a bundle shows when it is opened. */
export async function namesCalibration(folder: string): Promise<boolean> {
  const file = join(folder, "judge.yaml");
  const text = await readText(file, "");
  const { data } = parseYaml(typeof text === "string" ? text : "", { file });
  return bundleSchema.safeParse(data).data?.files.calibration !== undefined;
}

type FileFinding = { readonly key: "path" | "sha256"; readonly cause: string; readonly remedy: string };

/** Why a file may not lie where it does: outside the folder that holds the bundles, or behind a symbolic link. */
async function misplaced(folder: string, path: string): Promise<FileFinding | undefined> {
  const root = dirname(folder);
  const inside = relative(root, resolve(folder, path));
  if (isAbsolute(path) || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    return { key: "path", cause: `${path} leads out of ${root}`, remedy: "keep the file in the bundle or in a folder beside it" };
  }
  try {
    if ((await realpath(join(root, inside))) !== join(await realpath(root), inside)) {
      return { key: "path", cause: `${path} goes through a symbolic link`, remedy: "put the file itself there" };
    }
    const stats = await lstat(join(root, inside));
    return stats.isFile() ? undefined : { key: "path", cause: `${path} is not a file`, remedy: "name the file" };
  } catch {
    return { key: "path", cause: `${path} cannot be read, or is not there`, remedy: "fetch the bundle again" };
  }
}

async function tampered(path: string, sha256: string, digests: DigestCache): Promise<FileFinding | undefined> {
  let digest = digests.get(path);
  if (digest === undefined) {
    digest = digestFile(path);
    digests.set(path, digest);
  }
  try {
    const found = await digest;
    if (found === sha256) return undefined;
    const remedy = "fetch the bundle again: this is not the file that its makers tested";
    return { key: "sha256", cause: `the file's SHA-256 is ${found}`, remedy };
  } catch {
    return { key: "path", cause: "the file cannot be read", remedy: "check its permissions" };
  }
}

/** Reads golden rows. What is wrong with them is added to `problems`. */
export async function readGolden(path: string, problems: ConfigProblem[]): Promise<GoldenRow[]> {
  const rows: GoldenRow[] = [];
  const seen = new Set<string>();
  const text = await readText(path, "export golden scores with the model");
  if (typeof text !== "string") {
    problems.push({ file: path, path: "", cause: `0 golden rows: ${text.cause}`, remedy: text.remedy });
    return rows;
  }
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const place = { file: path, line: i + 1, column: 1 };
    const data = parseJson(line);
    const isGroup = typeof data === "object" && data !== null && "candidates" in data;
    const row = isGroup ? goldenGroupSchema.safeParse(data) : goldenRowSchema.safeParse(data);
    if (!row.success) {
      const holds = isGroup
        ? "id, prompt, candidates and a score for each"
        : "id, prompt, candidate, score and no more than reference, objectives, gating and ids";
      const key = row.error.issues[0]!.path.join(".");
      problems.push({ ...place, path: key, cause: "not a golden row", remedy: `a row holds ${holds}` });
      return rows;
    }
    const { id, prompt, reference } = row.data;
    if (seen.has(id)) problems.push({ ...place, path: "id", cause: `row "${id}" comes twice`, remedy: "give each row an id of its own" });
    seen.add(id);
    const { texts, scores } = recorded(row.data);
    const ids = "ids" in row.data ? row.data.ids : undefined;
    const item = { id, prompt, candidates: texts.map((content) => ({ content })), ...(reference !== undefined && { reference }) };
    rows.push({ id, item, scores, ...(ids && { ids }) });
  }
  if (rows.length < MIN_GOLDEN_ROWS) {
    const cause = `${rows.length} golden rows, fewer than ${MIN_GOLDEN_ROWS}`;
    problems.push({ file: path, path: "", cause, remedy: "export more golden scores with the model" });
  }
  return rows;
}

/** The candidates of a golden row and what was recorded of each. */
function recorded(row: z.output<typeof goldenRowSchema> | z.output<typeof goldenGroupSchema>): {
  texts: readonly string[];
  scores: GoldenScore[];
} {
  if ("candidates" in row) return { texts: row.candidates, scores: row.scores.map((value) => ({ value })) };
  const { candidate, score, objectives, gating } = row;
  return { texts: [candidate], scores: [{ value: score, ...(objectives && { objectives }), ...(gating && { gating }) }] };
}

async function readCalibration(path: string, spec: BundleSpec, problems: ConfigProblem[]): Promise<CalibrationFile | undefined> {
  const read = await readCalibrationFile(path, spec);
  if ("file" in read) return read.file;
  problems.push(...read.problems);
  return undefined;
}

/**
 * Reads a calibration file.
 *
 * @param judge what the judge's bundle says of it: the calibration must have been fitted on its graph, and on it where it says so
 */
export async function readCalibrationFile(
  path: string,
  judge: Pick<BundleSpec, "name" | "files">,
): Promise<{ file: CalibrationFile } | { problems: ConfigProblem[] }> {
  const problem = ({ path: key, cause, remedy }: Finding): ConfigProblem => ({
    file: path,
    path: key.map(String).join("."),
    cause,
    remedy,
  });
  const text = await readText(path, "name a calibration file, or use calibration: none");
  if (typeof text !== "string") return { problems: [problem({ path: [], ...text })] };
  const data = parseJson(text);
  const parsed = calibrationFileSchema.safeParse(data);
  if (!parsed.success) {
    if (data === undefined) return { problems: [problem({ path: [], cause: "not JSON", remedy: "write the calibration again" })] };
    return { problems: findingsOf(parsed.error.issues, calibrationFileSchema, data).map(problem) };
  }
  const remedy = "fit it again on this judge, or use calibration: none";
  if (parsed.data.graphSha256 !== judge.files.graph.sha256) {
    return { problems: [problem({ path: ["graphSha256"], cause: "fitted on the scores of another graph", remedy })] };
  }
  if (parsed.data.judge === undefined || parsed.data.judge === judge.name) return { file: parsed.data };
  const cause = `fitted on the scores of the judge "${parsed.data.judge}", and this one is "${judge.name}"`;
  return { problems: [problem({ path: ["judge"], cause, remedy })] };
}
