import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { GatewayError } from "../../domain/errors.ts";
import { type Access, ask, refusal } from "./fetch.ts";

/** A file to fetch. */
export interface Download {
  readonly address: string;
  /** Where it goes when it is whole; until then its bytes are in `<path>.partial` beside it. */
  readonly path: string;
  /** Its SHA-256, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Most bytes. */
  readonly limit: number;
  /** Hears how many bytes there are, and how many there will be where the server says. */
  readonly onBytes?: (have: number, total: number | undefined) => void;
}

/** Waits between tries, milliseconds: a cut connection goes on where it was. */
const PAUSES_MS = [200, 1000, 3000, 8000];

/**
 * Fetches a file, going on where an earlier try ended, and believes it only with the right digest. What is left of a failed
 * try keeps the name `.partial`, which nothing reads as the file.
 *
 * @throws {GatewayError} CONFIG_INVALID when the file is another than declared, too large or not given out; BACKEND_UNAVAILABLE when
 *   the connection fails again and again
 */
export async function download(file: Download, access: Access): Promise<void> {
  await mkdir(dirname(file.path), { recursive: true });
  const partial = `${file.path}.partial`;
  for (let failures = 0; ; failures++) {
    try {
      const resumed = await fetchRest(file, partial, access);
      const found = await digestFrom(partial);
      if (found === file.sha256) break;
      await rm(partial, { force: true });
      // What was there before may have been of another version; a whole download has no such excuse.
      if (!resumed) throw wrong(file, found);
    } catch (thrown) {
      const retry = thrown instanceof GatewayError && thrown.reason === "BACKEND_UNAVAILABLE" && !access.signal?.aborted;
      if (!retry || failures >= PAUSES_MS.length) throw thrown;
      await setTimeout(PAUSES_MS[failures]!, undefined, { signal: access.signal });
    }
  }
  await rename(partial, file.path);
}

function wrong({ address }: Download, found: string): GatewayError {
  const name = decodeURIComponent(new URL(address).pathname.split("/").at(-1)!);
  return new GatewayError("CONFIG_INVALID", `${name} has sha256 ${found}, which is not the pinned one; it was thrown away`);
}

/** Appends what is missing to the partial file; returns whether it went on from bytes that were there. */
async function fetchRest(file: Download, partial: string, access: Access): Promise<boolean> {
  const had = await sizeOf(partial);
  const headers: Record<string, string> = { "accept-encoding": "identity", ...(had > 0 && { range: `bytes=${had}-` }) };
  const { answer, alive } = await ask(file.address, headers, access);
  if (answer.status === 416) {
    await answer.body?.cancel();
    return true;
  }
  if (!answer.ok) {
    await answer.body?.cancel();
    throw refusal(answer, new URL(file.address).pathname, new URL(file.address).host);
  }
  const resumes = answer.status === 206 && new RegExp(`^bytes ${had}-`).test(answer.headers.get("content-range") ?? "");
  if (answer.status === 206 && !resumes) {
    await answer.body?.cancel();
    await rm(partial, { force: true });
    throw new GatewayError("BACKEND_UNAVAILABLE", "the server went on at another place than it was asked to");
  }
  const length = Number(answer.headers.get("content-length") ?? Number.NaN);
  let have = resumes ? had : 0;
  const total = Number.isFinite(length) ? have + length : undefined;
  const tooLarge = () => new GatewayError("CONFIG_INVALID", `the file is larger than ${file.limit} bytes; --max-bytes raises that`);
  if ((total ?? 0) > file.limit) {
    await answer.body?.cancel();
    throw tooLarge();
  }
  const out = await open(partial, resumes ? "a" : "w");
  try {
    file.onBytes?.(have, total);
    for await (const piece of answer.body ?? []) {
      alive();
      have += piece.length;
      if (have > file.limit) throw tooLarge();
      await out.write(piece);
      file.onBytes?.(have, total);
    }
  } catch (cause) {
    if (cause instanceof GatewayError || access.signal?.aborted) throw cause;
    throw new GatewayError("BACKEND_UNAVAILABLE", `the connection to ${new URL(file.address).host} ended early`, { cause });
  } finally {
    await out.close();
  }
  if (total !== undefined && have < total) throw new GatewayError("BACKEND_UNAVAILABLE", "the download ended early");
  return resumes;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function digestFrom(path: string): Promise<string> {
  const hash: Hash = createHash("sha256");
  if ((await sizeOf(path)) > 0) for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}
