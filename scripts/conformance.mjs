// Runs the real client or engine of another system against the built gateway: npm run conformance NAME [-- --built]
// With --built, dist/ is taken as it is.
//
// A folder test/conformance/NAME holds
//   requirements.txt   pinned packages, installed into .cache/conformance-NAME; alone.txt: pins installed without dependencies, each
//                      at $REWARDGATE_TEST_PACKAGES/<pin>
//   run.py             what is run; or tests, which pytest runs
//   serve.py           optional, engines for the gateway to ask: prints NAME=value for what rewardgate.yaml and the run read from the
//                      environment, then `ready`; stays until standard input ends
//   rewardgate.yaml    optional, instead of the configuration that ships
// The run finds the gateway at REWARDGATE_TEST_HTTP (a URL), REWARDGATE_TEST_GRPC (host:port) and REWARDGATE_TEST_ADMIN (a URL), the
// Python client and test/conformance/support on its path, and may kill the gateway, whose process id is in the file
// REWARDGATE_TEST_PID_FILE: it comes back at the same addresses OUTAGE_MS later. Each line that it appends to the file REWARDGATE_TEST_RESULTS, {"system", "version", "result"}, becomes
// a row to put into docs/compatibility.md; without one there is a row of the packages and the last line that was printed.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { freePorts, startBuiltGateway } from "./built-gateway.mjs";
import { must, PYTEST, pinsOf, pythonEnvironment, root } from "./python-environment.mjs";

const OUTAGE_MS = 3_000;

const name = process.argv[2];
const folder = path.join(root, "test", "conformance", name ?? "");
const inFolder = (file) => (existsSync(path.join(folder, file)) ? path.join(folder, file) : undefined);
if (name === undefined || inFolder("requirements.txt") === undefined) {
  console.error("Usage: npm run conformance NAME, where test/conformance/NAME has requirements.txt");
  process.exit(2);
}

/** Starts the engines of serve.py; resolves to them and to what they printed as NAME=value. */
async function startEngines(python, script) {
  const child = spawn(python, [script], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  const variables = {};
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready") {
      child.stdout.resume();
      return { child, variables };
    }
    const [, key, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (key !== undefined) variables[key] = value;
    else console.log(line);
  }
  throw new Error(`${script} ended before it said that it is ready`);
}

/** Keeps a gateway at the same addresses: one that a run kills is started again. */
async function superviseGateway(options, pidFile) {
  const ports = await freePorts();
  const start = () => startBuiltGateway({ ...options, ports });
  let gateway = await start();
  let stopping = false;
  let back = Promise.resolve();
  const watch = () => {
    writeFileSync(pidFile, String(gateway.process.pid));
    gateway.ended.then(() => {
      if (!stopping) back = comeBack();
    });
  };
  async function comeBack() {
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
    gateway = await start();
    watch();
  }
  watch();
  const { http, grpc, admin } = gateway;
  return {
    addresses: { http, grpc, admin },
    async stop() {
      await back;
      stopping = true;
      return gateway.stop();
    },
  };
}

/** Runs a command, shows what it writes; resolves to its exit code and the last line. */
function show(command, args, env) {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  let last = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.trim() !== "") last = line;
    console.log(line);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, last }));
  });
}

/** Rows of docs/compatibility.md. */
function rows(file, last) {
  const date = new Date().toISOString().slice(0, 10);
  const told = existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
  // What is proven is in alone.txt where there is one, and requirements.txt holds what it stands on.
  const packages = pinsOf(inFolder("alone.txt") ?? inFolder("requirements.txt"))
    .filter((pin) => !pin.startsWith("pytest"))
    .map((pin) => pin.replace("==", " "));
  const results =
    told.length > 0 ? told : [{ system: name, version: packages.join(", "), result: last.replace(/^(\d+) passed.*/, "$1 tests") }];
  return results.map(({ system, version, result }) => `| ${system} | ${version} | ${date} | ${result} |`);
}

const { python, packages } = pythonEnvironment(`conformance-${name}`, {
  requirements: [inFolder("requirements.txt")],
  alone: inFolder("alone.txt"),
});
if (!process.argv.includes("--built")) must("npm", ["run", "--silent", "build"]);
const scratch = mkdtempSync(path.join(tmpdir(), "rewardgate-conformance-"));
const results = path.join(scratch, "results");
const pidFile = path.join(scratch, "pid");
let engines;
let gateway;
try {
  engines = inFolder("serve.py") && (await startEngines(python, inFolder("serve.py")));
  gateway = await superviseGateway({ config: inFolder("rewardgate.yaml"), env: engines?.variables }, pidFile);
  const env = {
    ...engines?.variables,
    REWARDGATE_TEST_HTTP: gateway.addresses.http,
    REWARDGATE_TEST_GRPC: gateway.addresses.grpc,
    REWARDGATE_TEST_ADMIN: gateway.addresses.admin,
    REWARDGATE_TEST_PACKAGES: packages,
    REWARDGATE_TEST_PID_FILE: pidFile,
    REWARDGATE_TEST_RESULTS: results,
    // ONNX Runtime, which some packages bring, else reports to its maker.
    ORT_DISABLE_TELEMETRY: "1",
    PYTHONPATH: [path.join(root, "clients", "python", "src"), path.join(root, "test", "conformance", "support")].join(path.delimiter),
  };
  const script = inFolder("run.py");
  const args = script === undefined ? ["-m", "pytest", ...PYTEST, folder] : [script];
  const { code, last } = await show(python, ["-B", ...args], env);
  if (code === 0) for (const row of rows(results, last)) console.log(row);
  process.exitCode = code;
} finally {
  await gateway?.stop();
  engines?.child.stdin.end();
  const gone = engines && setTimeout(() => engines.child.kill("SIGKILL"), 10_000);
  if (engines && engines.child.exitCode === null) await new Promise((resolve) => engines.child.once("exit", resolve));
  clearTimeout(gone);
  rmSync(scratch, { recursive: true, force: true });
}
