// Runs what is written in Python against a gateway: the one at REWARDGATE_TEST_GRPC, or the built one, started for the run.
//   test/conformance/grpc_client    the wire, with stubs that any user would generate
//   clients/python/tests            the Python client and its adapters for trainers
//   test/conformance/external       the example service that runs code, behind a built gateway that the tests start
//   test/conformance/<QUICK>        others' own code, where it needs neither PyTorch nor minutes (npm run conformance): ONNX Runtime and
//                                   the tokenizer in Python, to which the judges that ship are held, and trainers' clients
// Needs Python with venv; the packages of requirements.txt go into .cache/ and are installed again when that file changes.
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { startBuiltGateway } from "./built-gateway.mjs";
import { must, PYTEST, pythonEnvironment, root } from "./python-environment.mjs";

const wire = path.join(root, "test", "conformance", "grpc_client");
const client = path.join(root, "clients", "python");
const QUICK = ["onnxruntime", "openrlhf", "verl", "llamafactory", "adapters"];

const { python } = pythonEnvironment("python-tests", {
  requirements: [wire, path.join(client, "tests")].map((folder) => path.join(folder, "requirements.txt")),
});
must("npm", ["run", "--silent", "build"]);
const given = process.env.REWARDGATE_TEST_GRPC;
const gateway = given === undefined ? await startBuiltGateway() : { grpc: given, stop: () => 0 };

/** Runs the tests in a folder; the suites are apart, since both have a package of the name `rewardgate`. */
async function pytest(folder, env) {
  const child = spawn(python, ["-B", "-m", "pytest", ...PYTEST, folder], {
    cwd: root,
    env: { ...process.env, REWARDGATE_TEST_GRPC: gateway.grpc, ...env },
    stdio: "inherit",
  });
  return new Promise((resolve) => child.once("exit", (status) => resolve(status ?? 1)));
}

const codes = [
  await pytest(wire, {}),
  await pytest(path.join(client, "tests"), { PYTHONPATH: path.join(client, "src") }),
  await pytest(path.join(root, "test", "conformance", "external"), { REWARDGATE_TEST_NODE: process.execPath }),
];
const ended = await gateway.stop();
for (const name of QUICK) {
  const { status } = spawnSync(process.execPath, ["scripts/conformance.mjs", name, "--built"], { cwd: root, stdio: "inherit" });
  codes.push(status ?? 1);
}
process.exitCode = codes.find((each) => each !== 0) ?? (ended === 0 ? 0 : 1);
