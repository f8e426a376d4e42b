import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import test from "node:test";
import { forkExecutor } from "../../../src/backends/onnx/executor-child.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { writeTestBundle } from "../../support/onnx-model.ts";

test("a process with a model leaves no identifier, cache or log of its runtime's telemetry, whatever its environment says", async () => {
  const bundle = writeTestBundle({});
  const home = temporaryFolder();
  try {
    const { graphPath, graphSha256, inputs } = bundle;
    const child = await forkExecutor(
      {
        load: { type: "load", graphPath, graphSha256, inputs, outputs: ["reward"], padId: 0, provider: "cpu", threads: 1 },
        // Bare: the runtime also keeps silent where a variable says that it runs in a CI.
        environment: { PATH: process.env.PATH, HOME: home.path, ORT_DISABLE_TELEMETRY: "0" },
        hangTimeoutMs: 60_000,
        loadTimeoutMs: 60_000,
      },
      new AbortController().signal,
    );
    await child.run({ ids: Int32Array.of(2, 20, 21, 3), lengths: Int32Array.of(4), candidateStarts: Int32Array.of(2) }, false);
    await child.stop(10_000);
    assert.deepEqual(readdirSync(home.path), []);
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.endsWith(`-${child.pid}.log`)),
      [],
    );
  } finally {
    home.remove();
    bundle.remove();
  }
});

test("a process that cannot be started for want of descriptors is an error to whoever starts it, and not the end of the gateway", () => {
  const module = new URL("../../../src/backends/onnx/executor-child.ts", import.meta.url).href;
  const script = `
    import { closeSync, openSync } from "node:fs";
    import { forkExecutor } from ${JSON.stringify(module)};
    const open = [];
    try {
      for (;;) open.push(openSync("/dev/null"));
    } catch {}
    const options = { load: { type: "load" }, environment: {}, hangTimeoutMs: 1000, loadTimeoutMs: 1000 };
    const error = await forkExecutor(options, new AbortController().signal).catch((thrown) => thrown);
    await new Promise((resolve) => setImmediate(resolve));
    for (const descriptor of open) closeSync(descriptor);
    console.log(error.reason, error.message);
  `;
  const limited = ["-c", 'ulimit -n 256 && exec "$0" "$@"', process.execPath, "--import", "tsx", "--input-type=module", "--eval", script];
  const { stdout, stderr } = spawnSync("sh", limited, { encoding: "utf8" });
  assert.match(stdout, /^CONFIG_INVALID .*could not be started \(EMFILE\); check the limits of open files/, stderr);
});
