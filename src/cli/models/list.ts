import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { openBundle } from "../../config/bundle.ts";
import { GatewayError } from "../../domain/errors.ts";
import { type Lock, readLock } from "./lock.ts";

/** A bundle of a folder of models, or a pin of one that is not there. */
export interface Listed {
  readonly name: string;
  readonly state: "ok" | "broken" | "missing";
  readonly kind: string;
  /** Of the files that its judge.yaml names, shared ones too. */
  readonly bytes: number;
  /** Digest of its judge.yaml. */
  readonly revision: string;
  readonly license: string;
  /** Where it is from, or what it was exported from; empty where nobody says. */
  readonly source: string;
  /** What is wrong, where something is. */
  readonly problems: readonly string[];
}

/** Every bundle in a folder of models, and every pin without one, by name. Checks digests, opens no model. */
export async function listBundles(models: string): Promise<Listed[]> {
  const entries = await readdir(models, { withFileTypes: true }).catch(() => {
    throw new GatewayError("CONFIG_INVALID", `no folder ${models}; name it with --models`);
  });
  const lock = await readLock(models);
  const digests = new Map<string, Promise<string>>();
  const found: Listed[] = [];
  for (const entry of entries.filter((one) => one.isDirectory() && !one.name.startsWith("."))) {
    const folder = join(models, entry.name);
    if (!(await isFile(join(folder, "judge.yaml")))) continue;
    found.push(await describe(folder, entry.name, lock, digests));
  }
  for (const [name, { source, sha256 }] of Object.entries(lock.bundles)) {
    if (found.some((one) => one.name === name)) continue;
    const missing = { kind: "", bytes: 0, revision: sha256, license: "", problems: ["not here; `rewardgate models pull` fetches it"] };
    found.push({ name, state: "missing", source, ...missing });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function describe(folder: string, name: string, { bundles }: Lock, digests: Map<string, Promise<string>>): Promise<Listed> {
  const pin = bundles[name];
  const opened = await openBundle(folder, digests);
  if ("problems" in opened) {
    const problems = opened.problems.map(({ path, cause }) => (path === "" ? cause : `${path}: ${cause}`));
    return { name, state: "broken", kind: "", bytes: 0, revision: "", license: "", source: pin?.source ?? "", problems };
  }
  const { spec, digest } = opened.bundle;
  const files = Object.values(spec.files).flatMap((file) => (file === undefined ? [] : [join(folder, file.path)]));
  const sizes = await Promise.all([...new Set(files)].map(async (file) => (await stat(file)).size));
  const made = spec.source && `made from ${spec.source.model}${spec.source.revision ? `@${spec.source.revision.slice(0, 12)}` : ""}`;
  return {
    name,
    state: "ok",
    kind: spec.kind,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    revision: digest,
    license: spec.license,
    source: pin?.source ?? made ?? "",
    problems: [],
  };
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
