// Packs the npm package, installs it in an empty folder, asks its command for help, and runs the program that docs/api.md shows, whose types
// are checked as strictly as a user may: with those of the package itself.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packedOf } from "./npm-pack.mjs";

const folder = path.resolve(".cache/package");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

function run(command, args, cwd, environment = {}) {
  const { status, stdout } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    // Who installs the package has no .npmrc of ours: the CPU build needs no download, and this says so.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip", ...environment },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}\n${stdout}`);
  return stdout;
}

const { files, filename, size } = packedOf(run("npm", ["pack", "--json", "--pack-destination", folder], "."));
const packed = new Set(files.map((file) => file.path));
const wanted = [
  "package.json",
  "README.md",
  "LICENSE",
  "NOTICE",
  "rewardgate.yaml",
  "dist/main.js",
  "dist/index.js",
  "dist/index.d.ts",
  "docs/config.schema.json",
  "docs/data-format.md",
];
for (const file of wanted) if (!packed.has(file)) throw new Error(`the package lacks ${file}`);
const foreign = [...packed].filter((file) => /^(src|test|bench|models\/recipes|clients|deploy)\//.test(file));
if (foreign.length > 0) throw new Error(`the package holds ${foreign.slice(0, 5).join(", ")}`);

const home = path.join(folder, "home");
mkdirSync(home);
writeFileSync(path.join(home, "package.json"), '{ "private": true, "type": "module" }');
run("npm", ["install", "--no-audit", "--no-fund", path.join(folder, filename)], home);
const help = run("npx", ["--no-install", "rewardgate", "--help"], home);
for (const command of ["serve", "score", "eval", "compare", "judges", "panels", "check", "doctor"]) {
  if (!help.includes(command)) throw new Error(`rewardgate --help does not name ${command}:\n${help}`);
}
writeFileSync(path.join(home, "import.js"), 'const library = await import("rewardgate");\nconsole.log(Object.keys(library).join(" "));');
const exported = run(process.execPath, ["import.js"], home).trim();
if (exported === "") throw new Error("import of rewardgate gives nothing");
const scored = JSON.parse(run("npx", ["--no-install", "rewardgate", "score", "--json", "Name the capital of France.", "Paris."], home));
if (!Number.isFinite(scored.results[0].candidates[0].reward)) throw new Error("the installed package gives no reward");

const [, program] = readFileSync("docs/api.md", "utf8").match(/^## In your own process$.*?^```js\n(.*?)^```$/ms);
for (const name of ["program.mts", "program.mjs"]) writeFileSync(path.join(home, name), program);
const compiler = path.resolve("node_modules/typescript/bin/tsc");
const options = [
  "--ignoreConfig",
  "--strict",
  "--noUncheckedIndexedAccess",
  "--module",
  "nodenext",
  "--target",
  "es2023",
  "--skipLibCheck",
  "false",
  "--noEmit",
];
run(process.execPath, [compiler, ...options, "program.mts"], home);
const ports = { REWARDGATE_HTTP_PORT: "0", REWARDGATE_GRPC_PORT: "0", REWARDGATE_ADMIN_PORT: "0" };
const printed = run(process.execPath, [path.join(home, "program.mjs")], path.join(home, "node_modules/rewardgate"), ports);
if (!Number.isFinite(Number(printed.trim().split("\n").at(-1)))) throw new Error(`the program of docs/api.md gives no reward:\n${printed}`);
console.log(`package: ${packed.size} files, ${(size / 2 ** 20).toFixed(1)} MiB, installs, scores, and exports ${exported}`);
for (const entry of readdirSync(folder)) rmSync(path.join(folder, entry), { recursive: true });
