// Checks the direction of imports with dependency-cruiser and the rules of .dependency-cruiser.cjs.
// Usage: node scripts/layers.mjs [folder]     (folder: a tree with src/ and package.json; default: this repository)
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(import.meta.dirname ?? path.dirname(fileURLToPath(import.meta.url)), "..");
const target = path.resolve(process.argv[2] ?? root);
const cruiser = path.join(root, "node_modules/dependency-cruiser");

// TypeScript 7 has no JavaScript interface, and without one dependency-cruiser passes over every .ts file in silence.
// So TypeScript 6 stands, for dependency-cruiser alone, where it looks first.
const interfaceLink = path.join(cruiser, "node_modules/typescript");
mkdirSync(path.dirname(interfaceLink), { recursive: true });
try {
  symlinkSync("../../typescript-api", interfaceLink, "dir");
} catch (error) {
  if (error.code !== "EEXIST") throw error;
}

const folders = ["src", "test", "bench"].filter((name) => existsSync(path.join(target, name)));
const run = (...args) =>
  execFileSync(process.execPath, [path.join(cruiser, "bin/dependency-cruise.mjs"), ...args], {
    cwd: target,
    encoding: "utf8",
    maxBuffer: 256 * 2 ** 20,
    stdio: ["ignore", "pipe", "inherit"],
  });
let report;
try {
  report = run("--config", path.join(root, ".dependency-cruiser.cjs"), "--output-type", "err-long", ...folders);
} catch (error) {
  if (error.stdout === undefined) throw error;
  process.stdout.write(error.stdout);
  process.exit(1);
}
// A run that saw no file would also end well: it must say how many it saw.
const seen = /\((\d+) modules?, (\d+) dependencies cruised\)/.exec(report);
if (seen === null || Number(seen[2]) === 0) {
  process.stdout.write(`${report}\nlayers: no import was seen, so nothing was checked\n`);
  process.exit(1);
}
process.stdout.write(report);
