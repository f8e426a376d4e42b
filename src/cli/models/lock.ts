import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UsageError } from "../failure.ts";

/** Name of the file in a folder of models that says where its bundles are from. */
export const LOCK_FILE = "models.lock.json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A name that is a folder and nothing else. */
export const bundleName = z.string().regex(/^[A-Za-z0-9][\w.-]*$/);

const lockSchema = z.strictObject({
  apiVersion: z.literal("rewardgate/v1"),
  bundles: z.record(
    bundleName,
    z.strictObject({
      /** As `models add` takes it, with a commit or a version. */
      source: z.string().min(1),
      /** Of its judge.yaml, which holds the digest of every other file. */
      sha256,
    }),
  ),
});

export type Lock = z.output<typeof lockSchema>;
export type Pin = Lock["bundles"][string];

/**
 * The pins of a folder of models; none where there is no lock file.
 *
 * @throws {UsageError} when the file is not a lock file
 */
export async function readLock(models: string): Promise<Lock> {
  const path = join(models, LOCK_FILE);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return { apiVersion: "rewardgate/v1", bundles: {} };
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageError(`${path} is not a lock file of this program; restore it from version control`);
  }
}

/** Adds a pin, or replaces that of the same name; the file is whole at any time. */
export async function writePin(models: string, name: string, pin: Pin): Promise<void> {
  const lock = await readLock(models);
  const bundles = Object.fromEntries(Object.entries({ ...lock.bundles, [name]: pin }).sort(([a], [b]) => (a < b ? -1 : 1)));
  const path = join(models, LOCK_FILE);
  await writeFile(`${path}.new`, `${JSON.stringify({ ...lock, bundles }, null, 2)}\n`);
  await rename(`${path}.new`, path);
}
