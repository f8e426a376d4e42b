import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, dirname, resolve } from "node:path";
import { UsageError } from "../failure.ts";

/**
 * Keeps other runs on this machine from writing to the same file. What is taken is a name of Linux's abstract sockets: the system gives
 * it back when the process ends, however it ends, so that nothing is left of a run that was killed. Elsewhere, and where the output is
 * no file, it keeps nobody.
 *
 * @returns gives it back
 * @throws {UsageError} when another run has it
 */
export async function claimOutput(output: string): Promise<() => void> {
  if (process.platform !== "linux") return () => {};
  const path = await realpath(output).catch(() => resolve(output));
  const [file, folder] = await Promise.all([path, dirname(path)].map((each) => stat(each).catch(() => undefined)));
  if (folder === undefined || file?.isFile() === false) return () => {};
  // Not by its path, which two containers may have in common.
  const digest = createHash("sha256")
    .update(`${folder.dev}:${folder.ino}/${basename(path)}`)
    .digest("hex");
  const server = createServer((socket) => socket.destroy()).unref();
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((done) => {
    server.once("error", done).listen(`\0rewardgate-score-${digest}`, () => done(undefined));
  });
  if (problem?.code === "EADDRINUSE") throw new UsageError(`another run writes to ${output}; wait for its end, or name another --output`);
  return () => void server.close();
}
