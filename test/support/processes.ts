import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether a process runs. One that has ended and that nobody has collected yet does not: containers may have nobody who does. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return statOf(pid)?.state !== "Z";
}

/** Process ids of the inference processes that a gateway's process has, by what Linux tells of processes. */
export function executorsOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.parent === parent && commandOf(pid).includes("executor-process"));
}

/** Whether this process holds a file open, by what Linux tells of processes; false where the system does not tell. */
export function holdsOpen(path: string): boolean {
  try {
    return readdirSync("/proc/self/fd").some((descriptor) => targetOf(`/proc/self/fd/${descriptor}`) === path);
  } catch {
    return false;
  }
}

/** Where a link leads; undefined where it is gone. */
function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** State and parent of a process; undefined where there is no such process, or the system does not tell. */
function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    // The name in parentheses may hold anything.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return { state: state!, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
