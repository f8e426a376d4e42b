import assert from "node:assert/strict";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createProgram } from "../../src/cli/program.ts";
import { runCli } from "../support/cli.ts";

const COMMANDS = ["serve", "score", "calibrate", "reference", "eval", "compare", "judges", "panels", "models", "check", "doctor", "replay"];

/** Commands that are groups of commands. */
const SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  judges: ["judges list", "judges probe"],
  models: ["models add", "models pull", "models list", "models verify"],
  reference: ["reference build", "reference show"],
};

describe("rewardgate", () => {
  it("has the documented commands, each with one sentence on what it does", () => {
    const { commands } = createProgram(() => {});
    assert.deepEqual(
      commands.map((command) => command.name()),
      COMMANDS,
    );
    for (const command of commands) assert.match(command.description(), /^[a-z].{20,}[^.]$/);
  });

  for (const name of COMMANDS.flatMap((command) => SUBCOMMANDS[command] ?? [command])) {
    it(`${name} --help shows an example and exits with 0`, async () => {
      const { code, stdout, stderr } = await runCli([...name.split(" "), "--help"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`Examples?:\\n  \\$ rewardgate ${name}`));
      if (!name.startsWith("models ") && name !== "reference show") assert.match(stdout, /REWARDGATE_CONFIG/);
      assert.doesNotMatch(stdout, /\(default: [^()]*\)\s+\(default: /);
    });
  }

  it("prints its version", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    assert.deepEqual(await runCli(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("suggests the command that was meant, and exits with 2", async () => {
    const { code, stderr } = await runCli(["serv"]);
    assert.equal(code, 2);
    assert.match(stderr, /Did you mean serve\?/);
  });

  it("says that its output has no room, without a stack trace", async (t) => {
    if (!existsSync("/dev/full")) return t.diagnostic("this system has no file that is always full");
    const full = openSync("/dev/full", "w");
    const { code, stderr } = await runCli(["panels"], { stdout: full });
    closeSync(full);
    assert.deepEqual([code, stderr], [1, "error: standard output cannot be written (ENOSPC)\n"]);
  });

  it("shows a stack trace under --debug only", async () => {
    const plain = await runCli(["check", "/nowhere.yaml"]);
    const debug = await runCli(["--debug", "check", "/nowhere.yaml"]);
    assert.deepEqual([plain.code, debug.code], [2, 2]);
    assert.doesNotMatch(plain.stderr, /\n +at /);
    assert.match(debug.stderr, /\n +at /);
  });
});
