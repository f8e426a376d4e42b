// Runs the tests and ends with one line, `N passed, N failed`.
// Usage: node scripts/test.mjs [node|python]     (default: both)
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

const suites = process.argv.length > 2 ? process.argv.slice(2) : ["node", "python"];

/** Every file under test/ that ends in .test.ts, sorted. `node --test` of Node 20 does not search for .ts itself. */
function testFiles() {
  return readdirSync("test", { recursive: true })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => path.join("test", file))
    .sort();
}

/** Runs a command, shows its output as it comes, and resolves with its exit code and the output. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** The last number that the pattern finds, 0 when there is none. */
const last = (output, pattern) => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0);

/** Sum of the numbers that the pattern finds: one for each run of pytest. */
const sum = (output, pattern) => [...output.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);

const runSuite = {
  async node() {
    const files = testFiles();
    // Two at a time: most test files start servers and inference processes of their own.
    const { code, output } = await run(process.execPath, [
      "--import",
      "tsx",
      "--import",
      "./test/support/property-seed.ts",
      "--test",
      "--test-concurrency=2",
      "--test-timeout=600000",
      "--test-reporter=spec",
      ...files,
    ]);
    const passed = last(output, /^ℹ pass (\d+)$/gm);
    const failed = last(output, /^ℹ fail (\d+)$/gm) + last(output, /^ℹ cancelled (\d+)$/gm);
    return { passed, failed: code === 0 ? failed : Math.max(failed, 1) };
  },

  async python() {
    const python = process.env.PYTHON ?? "python3";
    if (spawnSync(python, ["-c", "import venv, ensurepip"], { stdio: "ignore" }).status !== 0) {
      console.error(
        `The tests of the Python client make a virtual environment, and ${python} cannot. ` +
          "Install Python 3.10 or newer with its venv module (Debian: apt-get install python3-venv), or run only `npm test node`.",
      );
      return { passed: 0, failed: 1 };
    }
    const { code, output } = await run("npm", ["run", "--silent", "test:python"]);
    const passed = sum(output, /\b(\d+) passed/g);
    const failed = sum(output, /\b(\d+) failed/g) + sum(output, /\b(\d+) errors?\b/g);
    return { passed, failed: code === 0 ? failed : Math.max(failed, 1) };
  },
};

const total = { passed: 0, failed: 0 };
for (const suite of suites) {
  const { passed, failed } = await runSuite[suite]();
  console.log(`${suite}: ${passed} passed, ${failed} failed`);
  total.passed += passed;
  total.failed += failed;
}
// A run that found no test must not look like success.
if (total.passed === 0 && total.failed === 0) total.failed = 1;
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
