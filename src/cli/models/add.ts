import { cp, mkdir, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { openBundle } from "../../config/bundle.ts";
import { digestFile } from "../../config/digest.ts";
import { configInvalid } from "../../config/problems.ts";
import { UsageError } from "../failure.ts";
import { bundleName, type Pin, writePin } from "./lock.ts";
import { notABundle, type Pull, pullBundle } from "./pull.ts";
import { formatSource, parseSource, pinned, type Source } from "./source.ts";

/** What `models add` is asked for; the rest of it is how to fetch. */
export type Addition = Omit<Pull, "source" | "sha256" | "name"> & { readonly given: string; readonly name?: string | undefined };

/**
 * Brings a bundle into the folder of models: a folder is copied whole, anything else is fetched, pinned and written to the lock file.
 *
 * @returns the name that it has there, and its pin where it has one
 * @throws {UsageError | GatewayError} when there is no bundle, one of that name is there already, or a file is not what it should be
 */
export async function addBundle({ given, name: wanted, ...fetching }: Addition): Promise<{ name: string; pin?: Pin }> {
  const isFolder = await stat(given).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isFolder) return { name: await copyFolder(given, fetching.models, wanted) };
  const source = await pinned(parseSource(given), fetching.places, fetching.signal);
  const name = await freeName(fetching.models, wanted ?? nameOf(source));
  const sha256 = await pullBundle({ ...fetching, name, source });
  const pin = { source: formatSource(source), sha256 };
  await writePin(fetching.models, name, pin);
  return { name, pin };
}

async function copyFolder(given: string, models: string, wanted: string | undefined): Promise<string> {
  const folder = await realpath(given);
  if (!(await exists(join(folder, "judge.yaml")))) throw new UsageError(notABundle(given));
  const opened = await openBundle(folder, new Map());
  if ("problems" in opened) throw configInvalid(opened.problems);
  const { files } = opened.bundle.spec;
  const outside = Object.values(files).find((file) => file?.path.split("/").includes(".."));
  if (outside) throw new UsageError(`the bundle shares ${outside.path} with the folder beside it; copy both folders by hand`);
  const name = await freeName(models, wanted ?? basename(folder));
  const waiting = join(models, ".pull", name);
  await rm(waiting, { recursive: true, force: true });
  await mkdir(join(models, ".pull"), { recursive: true });
  for (const path of ["judge.yaml", ...Object.values(files).flatMap((file) => (file === undefined ? [] : [file.path]))]) {
    await cp(join(folder, path), join(waiting, path), { recursive: false });
  }
  if ((await digestFile(join(waiting, "judge.yaml"))) !== (await digestFile(join(folder, "judge.yaml")))) {
    throw new UsageError(`${given} changed while it was copied; try again`);
  }
  await rename(waiting, join(models, name));
  // What else waits there is of downloads that run, or go on later.
  await rmdir(join(models, ".pull")).catch(() => {});
  return name;
}

async function freeName(models: string, name: string): Promise<string> {
  if (!bundleName.safeParse(name).success) throw new UsageError(`"${name}" is no name of a folder; give one with --name`);
  if (await exists(join(models, name))) {
    throw new UsageError(`${resolve(models, name)} is there already; give another --name, or remove it first`);
  }
  return name;
}

function nameOf(source: Source): string {
  if (source.type === "http") return new URL(source.address).pathname.split("/").filter(Boolean).at(-1) ?? "judge";
  const folder = source.folder.split("/").filter(Boolean).at(-1);
  return folder ?? (source.type === "hub" ? source.repository.split("/")[1]! : source.name);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
