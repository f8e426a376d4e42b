import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** How pytest is called. A test that takes a quarter of an hour hangs: pytest then tells where every thread is, and ends. */
export const PYTEST = ["-q", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=900", "-o", "faulthandler_exit_on_timeout=true"];

/** Runs a command in the repository, shows what it writes, and throws unless it ends with 0. */
export function must(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

/**
 * A virtual environment at .cache/<name> with pinned packages, made again when what it is made from changes.
 *
 * requirements: files that pip installs.
 * alone: a file of pins, one a line, each installed without its dependencies into packages/<pin>, so that two versions of one package
 *   can stand side by side and code can be taken from a package whose dependencies are large.
 * Returns the interpreter and the folder of the packages that stand alone.
 */
export function pythonEnvironment(name, { requirements, alone }) {
  const sources = [...requirements, ...(alone === undefined ? [] : [alone])];
  const digest = createHash("sha256")
    .update(sources.map((file) => readFileSync(file, "utf8")).join())
    .digest("hex")
    .slice(0, 16);
  const venv = path.join(root, ".cache", name);
  const python = process.platform === "win32" ? path.join(venv, "Scripts", "python.exe") : path.join(venv, "bin", "python");
  const packages = path.join(venv, "packages");
  const stamp = path.join(venv, `installed-${digest}`);
  if (!existsSync(stamp)) {
    rmSync(venv, { recursive: true, force: true });
    mkdirSync(path.dirname(venv), { recursive: true });
    must(process.env.PYTHON ?? "python3", ["-m", "venv", venv]);
    // A registry that stumbles is asked again, which pip does after longer and longer pauses.
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "10"];
    must(python, [...install, ...requirements.flatMap((file) => ["-r", file])]);
    for (const pin of alone === undefined ? [] : pinsOf(alone)) {
      // Parts of a package may run on a Python that the whole of it does not want.
      must(python, [...install, "--no-deps", "--ignore-requires-python", "--target", path.join(packages, pin), pin]);
    }
    writeFileSync(stamp, "");
  }
  return { python, packages };
}

/** The pins of a requirements file: `name==version`. */
export function pinsOf(file) {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.map((line) => line.replace(/#.*/, "").trim()).filter((line) => line.includes("=="));
}
