// Runs what is written in Python against a gateway: the one at REWARDGATE_TEST_GRPC, or the built one, started for the run.
//   test/conformance/grpc_client    the wire, with stubs that any user would generate
//   clients/python/tests            the Python client and its adapters for trainers
//   test/conformance/external       the example service that runs code, behind a built gateway that the tests start
// Needs Python with venv; the packages of requirements.txt go into .cache/ and are installed again when that file changes.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const wire = path.join(root, "test", "conformance", "grpc_client");
const client = path.join(root, "clients", "python");
const START_TIMEOUT_MS = 120_000;

function must(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** The interpreter of a virtual environment with the pinned packages. */
function pythonOfVenv() {
  const requirements = [wire, path.join(client, "tests")].map((folder) => path.join(folder, "requirements.txt"));
  const digest = createHash("sha256")
    .update(requirements.map((file) => readFileSync(file, "utf8")).join())
    .digest("hex")
    .slice(0, 16);
  const venv = path.join(root, ".cache", "python-tests");
  const python = process.platform === "win32" ? path.join(venv, "Scripts", "python.exe") : path.join(venv, "bin", "python");
  const stamp = path.join(venv, `installed-${digest}`);
  if (!existsSync(stamp)) {
    rmSync(venv, { recursive: true, force: true });
    mkdirSync(path.dirname(venv), { recursive: true });
    must(process.env.PYTHON ?? "python3", ["-m", "venv", venv]);
    must(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements.flatMap((file) => ["-r", file])]);
    writeFileSync(stamp, "");
  }
  return python;
}

/** Starts the built gateway on free ports; resolves when it has printed its gRPC address. */
async function startGateway() {
  const ports = { REWARDGATE_HTTP_PORT: "0", REWARDGATE_GRPC_PORT: "0", REWARDGATE_ADMIN_PORT: "0", REWARDGATE_LOG_LEVEL: "warn" };
  const child = spawn(process.execPath, ["dist/main.js", "serve"], {
    cwd: root,
    env: { ...process.env, ...ports },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const address = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the gateway did not start: ${output}`)), START_TIMEOUT_MS);
    child.once("exit", (code) => reject(new Error(`the gateway ended with ${code}: ${output}`)));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      const found = /^gRPC\s+(\S+)$/m.exec(output);
      if (found === null) return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve(found[1]);
    });
  });
  return { address, child };
}

const python = pythonOfVenv();
must("npm", ["run", "--silent", "build"]);
const given = process.env.REWARDGATE_TEST_GRPC;
const gateway = given === undefined ? await startGateway() : { address: given };
const stopped = gateway.child && new Promise((resolve) => gateway.child.once("exit", resolve));
/** Runs the tests in a folder; the suites are apart, since both have a package of the name `rewardgate`. */
async function pytest(folder, env) {
  const child = spawn(python, ["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", folder], {
    cwd: root,
    env: { ...process.env, REWARDGATE_TEST_GRPC: gateway.address, ...env },
    stdio: "inherit",
  });
  return new Promise((resolve) => child.once("exit", (status) => resolve(status ?? 1)));
}

const codes = [
  await pytest(wire, {}),
  await pytest(path.join(client, "tests"), { PYTHONPATH: path.join(client, "src") }),
  await pytest(path.join(root, "test", "conformance", "external"), { REWARDGATE_TEST_NODE: process.execPath }),
];
const code = codes.find((each) => each !== 0) ?? 0;
gateway.child?.kill("SIGTERM");
const ended = await stopped;
process.exitCode = code !== 0 ? code : (ended ?? 0);
