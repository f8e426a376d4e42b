import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, totalmem } from "node:os";
import type { Finding } from "./finding.ts";

const GIB = 1024 ** 3;
/** What two judges on one small encoder need, with room for batches. */
const LITTLE_MEMORY = 1.5 * GIB;
/** Open files that a busy server needs: a socket per connection, and pipes to inference processes. */
const FEW_FILES = 4096;

export function nodeFinding(version: string): Finding {
  const [major, minor] = version.split(".").map(Number) as [number, number];
  const isOld = major < 20 || (major === 20 && minor < 19);
  if (!isOld) return { name: "node", state: "ok", message: version };
  return { name: "node", state: "fail", message: `${version}, older than 20.19`, fix: "install Node 20.19 or newer" };
}

/** Cores of the machine, and fewer where a container's quota allows fewer. */
export function coresFinding(): Finding {
  const cores = availableParallelism();
  const [quota, period] = (readText("/sys/fs/cgroup/cpu.max") ?? "").trim().split(" ");
  const limit = Number(quota) / Number(period);
  if (!(limit < cores)) return { name: "cores", state: "ok", message: `${cores} available, no lower limit of a container` };
  const message = `${cores} available, and the container may use ${limit.toFixed(2)}`;
  if (limit >= 1) return { name: "cores", state: "ok", message };
  return { name: "cores", state: "warn", message, fix: "give the container at least one core: a throttled model misses deadlines" };
}

/** Memory of the machine or of the container, whichever is less. */
export function memoryFinding(): Finding {
  const limit = Number(readText("/sys/fs/cgroup/memory.max") ?? Number.NaN);
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const message = `${(memory / GIB).toFixed(1)} GiB`;
  if (memory >= LITTLE_MEMORY) return { name: "memory", state: "ok", message };
  return { name: "memory", state: "warn", message, fix: "give at least 1.5 GiB, or run fewer executors" };
}

/** How many files and sockets the process may hold open. */
export function fileLimitFinding(): Finding {
  const limits = readText("/proc/self/limits");
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? "")?.[1];
  if (soft === undefined) return { name: "open files", state: "ok", message: "the system does not tell its limit" };
  if (soft === "unlimited" || Number(soft) >= FEW_FILES) return { name: "open files", state: "ok", message: `limit ${soft}` };
  return {
    name: "open files",
    state: "warn",
    message: `limit ${soft}`,
    fix: `ulimit -n ${FEW_FILES} before starting, or LimitNOFILE in the unit`,
  };
}

/** Whether a package with native code loads on this machine. */
export async function moduleFinding(name: string, specifier: string): Promise<Finding> {
  try {
    await import(specifier);
    return { name, state: "ok", message: `${specifier} loads` };
  } catch (error) {
    const message = `${specifier} does not load: ${error instanceof Error ? error.message : String(error)}`;
    return { name, state: "fail", message, fix: "npm ci again on this machine: the package holds native code for one platform" };
  }
}

/** Whether an address is free; port 0 always is. */
export async function portFinding(name: string, { host, port }: { readonly host: string; readonly port: number }): Promise<Finding> {
  const server = createServer();
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once("error", resolve).listen({ host, port, exclusive: true }, () => resolve(undefined));
  });
  if (error === undefined) {
    await new Promise((resolve) => server.close(resolve));
    return { name: `port ${name}`, state: "ok", message: port === 0 ? "any free one" : `${host}:${port} is free` };
  }
  const message = `${host}:${port} cannot be used (${error.code})`;
  const fix = error.code === "EADDRINUSE" ? "end what listens there, or choose another port" : "choose another host or port";
  return { name: `port ${name}`, state: "fail", message, fix };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
