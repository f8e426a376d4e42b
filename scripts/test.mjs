// Runs the tests and ends with what failed, its errors, and one line, `N passed, N failed`.
// Usage: node scripts/test.mjs [node|python]     (default: both)
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

const suites = process.argv.length > 2 ? process.argv.slice(2) : ["node", "python"];

/** A file that takes longer than this hangs, and did not say so itself (test/support/hang-watch.ts). */
const HANG_MS = 1_800_000;
/** Lines of an output that ended without saying which test failed. */
const LAST_LINES = 60;

/** The tests talk to the loopback alone, which no proxy can reach. */
const local = ["127.0.0.1", "localhost", "::1"];
for (const name of ["no_proxy", "NO_PROXY"]) process.env[name] = [process.env[name], ...local].filter(Boolean).join(",");

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
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (text) => {
        output += text;
        process[name].write(text);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** The last number that the pattern finds, 0 when there is none. */
const last = (output, pattern) => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0);

/** Sum of the numbers that the pattern finds: one for each run of pytest. */
const sum = (output, pattern) => [...output.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);

const lastLines = (output) => output.trimEnd().split("\n").slice(-LAST_LINES).join("\n");

/** What a suite came to: numbers of tests, and the failures with their errors as text, empty where there are none. */
const runSuite = {
  async node() {
    const files = testFiles();
    const build = spawnSync("npm", ["run", "--silent", "build"], { encoding: "utf8" });
    if (build.status !== 0) return { passed: 0, failed: 1, failures: `The build fails:\n${build.stdout}${build.stderr}` };
    // test/support/program.ts
    process.env.TEST_PROGRAM = path.resolve("dist/main.js");
    // Two at a time: most test files start servers and inference processes of their own.
    const { code, output } = await run(process.execPath, [
      "--import",
      "tsx",
      "--import",
      "./test/support/property-seed.ts",
      "--import",
      "./test/support/told-assertions.ts",
      "--import",
      "./test/support/hang-watch.ts",
      "--test",
      "--test-concurrency=2",
      `--test-timeout=${HANG_MS}`,
      "--test-reporter=spec",
      ...files,
    ]);
    const passed = last(output, /^ℹ pass (\d+)$/gm);
    const counted = last(output, /^ℹ fail (\d+)$/gm) + last(output, /^ℹ cancelled (\d+)$/gm);
    const failed = code === 0 ? counted : Math.max(counted, 1);
    const hanging = [...output.matchAll(/^hangs after .*$/gm)].map(([line]) => `${line}\n`).join("");
    const told = hanging + (output.split("✖ failing tests:\n")[1] ?? lastLines(output));
    return { passed, failed, failures: failed === 0 ? "" : told };
  },

  async python() {
    const python = process.env.PYTHON ?? "python3";
    if (spawnSync(python, ["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"], { stdio: "ignore" }).status !== 0) {
      const failures =
        `The tests of the Python client make a virtual environment, and ${python} cannot. ` +
        "Install Python 3.11 or newer with its venv module (Debian: apt-get install python3-venv), or run only `npm test node`.";
      return { passed: 0, failed: 1, failures };
    }
    const { code, output } = await run("npm", ["run", "--silent", "test:python"]);
    const passed = sum(output, /\b(\d+) passed/g);
    const counted = sum(output, /\b(\d+) failed/g) + sum(output, /\b(\d+) errors?\b/g);
    const failed = code === 0 ? counted : Math.max(counted, 1);
    // pytest tells failures between a heading and its summary, which is the line that ends in the time it took.
    const told = [...output.matchAll(/^=+ (?:FAILURES|ERRORS) =+$[\s\S]*?^(?:=+ )?\d+ (?:failed|passed|errors?)\b.* in .*$/gm)].map(
      ([text]) => text,
    );
    return { passed, failed, failures: failed === 0 ? "" : told.join("\n") || lastLines(output) };
  },
};

const total = { passed: 0, failed: 0 };
const ends = [];
for (const suite of suites) {
  const { passed, failed, failures } = await runSuite[suite]();
  ends.push({ suite, passed, failed, failures });
  total.passed += passed;
  total.failed += failed;
}
// At the end of a long output, where it is looked for.
for (const { suite, failures } of ends) if (failures !== "") console.log(`\n== Failures of ${suite}\n${failures.trimEnd()}\n`);
for (const { suite, passed, failed } of ends) console.log(`${suite}: ${passed} passed, ${failed} failed`);
// A run that found no test must not look like success.
if (total.passed === 0 && total.failed === 0) total.failed = 1;
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
