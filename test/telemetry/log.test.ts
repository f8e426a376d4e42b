import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import { createLogger } from "../../src/telemetry/log.ts";

/** What a logger writes of an error. */
function written(error: unknown): unknown {
  const lines: string[] = [];
  createLogger({ level: "info", destination: { write: (line) => void lines.push(line) } }).warn({ err: error }, "what happened");
  return JSON.parse(lines[0]!).err;
}

test("errors in the log have a reason or a name, and a message, and no stack", () => {
  const cause = new Error("said what it was asked");
  assert.deepEqual(written(new GatewayError("BACKEND_UNAVAILABLE", "no answer", { cause })), {
    reason: "BACKEND_UNAVAILABLE",
    message: "no answer",
  });
  assert.deepEqual(written(new RangeError("too long")), { name: "RangeError", message: "too long" });
  assert.deepEqual(written("text"), { name: "string" });
});

test("of a fault of the gateway the log has the stack of its cause, and not its message, which may quote a request", () => {
  const facts = written(new GatewayError("INTERNAL", "a bug", { cause: new TypeError("a prompt") })) as Record<string, string>;
  assert.deepEqual(Object.keys(facts), ["name", "stack"]);
  assert.equal(facts.name, "TypeError");
  assert.match(facts.stack!, /^ {4}at /);
  assert.ok(!JSON.stringify(facts).includes("a prompt"));
  assert.deepEqual(written(new GatewayError("INTERNAL", "a bug")), { reason: "INTERNAL", message: "a bug" });
});

/** A process with a logger that runs `body`; its standard error is a pipe that nobody reads yet, or what the descriptor stands for. */
function spawnLogger(body: string, stderr: "pipe" | number = "pipe") {
  const module = JSON.stringify(import.meta.resolve("../../src/telemetry/log.ts"));
  const script = `import { createLogger } from ${module};\nconst log = createLogger({ level: "info" });\n${body}`;
  return spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], { stdio: ["pipe", "pipe", stderr] });
}

test("a disk that is full under the log costs its lines, and neither the process nor its end", async () => {
  const full = openSync("/dev/full", "w");
  const body = `
    import { stat } from "node:fs/promises";
    for (let line = 0; line < 20; line++) {
      log.info("a line");
      await stat(".");
    }
    console.log("still here");`;
  const child = spawnLogger(body, full);
  closeSync(full);
  const ended = once(child, "exit");
  assert.equal(await text(child.stdout!), "still here\n");
  assert.deepEqual(await ended, [0, null]);
});

test("a reader of the log that has stopped costs lines and no memory without bounds, and is told how many once it reads on", async () => {
  const count = 40_000;
  const body = `
    for (let line = 0; line < ${count}; line++) log.info({ line, filling: "x".repeat(1_000) }, "a line");
    console.log("logged");
    process.stdin.resume();`;
  const child = spawnLogger(body);
  await once(child.stdout!, "data");
  let written = 0;
  let leftOut = 0;
  for await (const line of createInterface(child.stderr!)) {
    const { msg, lines, line: number } = JSON.parse(line);
    if (msg === "a line") written++;
    else leftOut = lines;
    if (leftOut > 0 || number === count - 1) break;
  }
  child.kill("SIGKILL");
  assert.ok(leftOut > 0);
  assert.equal(written + leftOut, count);
});
