import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { createOnnxBackend } from "../../src/backends/index.ts";
import { JUDGE_KINDS } from "../../src/judges/index.ts";
import { temporaryFolder } from "./bundle.ts";
import { type TestModelOptions, writeTestBundle } from "./onnx-model.ts";
import { itemOf } from "./scripted.ts";
import { TEMPLATE } from "./tokenizer.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WORDS = ["good", "bad", "fine", "the", "a", "is", "what", "yes", "no", "word"];

export interface GatewayParts {
  readonly model?: TestModelOptions;
  /** Keys of rewardgate.yaml under `server`. */
  readonly server?: Record<string, unknown>;
  /** Keys of the backend. */
  readonly backend?: Record<string, unknown>;
  /** Sections of rewardgate.yaml besides those that every gateway has. */
  readonly sections?: Record<string, unknown>;
}

/**
 * A folder with a small real model as bundle `tiny`, its golden scores made by running it, and a rewardgate.yaml with the
 * panel `panel` on it.
 */
export async function writeGateway(parts: GatewayParts = {}): Promise<{ config: string; folder: ReturnType<typeof temporaryFolder> }> {
  const folder = temporaryFolder();
  const bundle = join(folder.path, "models", "tiny");
  mkdirSync(bundle, { recursive: true });
  const model = writeTestBundle(parts.model);
  copyFileSync(model.graphPath, join(bundle, "model.onnx"));
  copyFileSync(model.tokenizerPath, join(bundle, "tokenizer.json"));
  const golden = (await goldenScores(model)).map((row) => `${JSON.stringify(row)}\n`).join("");
  folder.write("models/tiny/golden.jsonl", golden);
  const manifest = {
    apiVersion: "rewardgate/v1",
    name: "tiny",
    kind: "scalar",
    description: "A judge of a test.",
    license: "Apache-2.0",
    model: { maxTokens: 128, template: TEMPLATE, inputs: model.inputs, outputs: { score: "reward" } },
    space: "logit",
    determinism: { class: "tolerance", bound: 1e-5 },
    goldenTolerance: 1e-5,
    files: {
      graph: { path: "model.onnx", sha256: model.graphSha256 },
      tokenizer: { path: "tokenizer.json", sha256: model.tokenizerSha256 },
      golden: { path: "golden.jsonl", sha256: createHash("sha256").update(golden).digest("hex") },
    },
  };
  folder.write("models/tiny/judge.yaml", stringify(manifest));
  model.remove();
  const config = {
    apiVersion: "rewardgate/v1",
    server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 }, ...parts.server },
    backends: { local: { type: "onnx", device: "cpu", ...parts.backend } },
    judges: { tiny: { bundle: "models/tiny", backend: "local" } },
    panels: { panel: { members: [{ judge: "tiny", calibration: "none" }] } },
    ...parts.sections,
  };
  return { config: folder.write("rewardgate.yaml", stringify(config)), folder };
}

async function goldenScores(model: ReturnType<typeof writeTestBundle>) {
  const backend = await createOnnxBackend({
    ...model,
    name: "golden",
    maxTokens: 128,
    batchable: true,
    device: "cpu",
    executors: 1,
    threadsPerExecutor: 1,
    warmUp: false,
  });
  const kind = JUDGE_KINDS.scalar;
  const judge = kind.create(
    {
      name: "tiny",
      revision: "1",
      backend: "golden",
      template: TEMPLATE,
      overlong: "error",
      space: "logit",
      determinism: { class: "bitwise" },
    },
    { outputs: { score: "reward" } },
  );
  const rows = [];
  for (let index = 0; index < 16; index++) {
    const candidate = WORDS.slice(0, (index % WORDS.length) + 1).join(" ");
    const item = itemOf(`${index}`, [candidate]);
    const ask = judge.encode(item)[0]!;
    const [prepared] = await backend.prepare(ask.calls);
    if (prepared instanceof Error) throw prepared;
    const [score] = judge.decode(ask, await backend.run([prepared!]), item);
    if (score!.outcome !== "scored") throw new Error("no golden score");
    rows.push({ id: `row-${index}`, prompt: item.prompt, candidate, score: score!.value });
  }
  await backend.close();
  return rows;
}

export interface SpawnedGateway {
  readonly process: ChildProcess;
  readonly http: string;
  readonly grpc: string;
  readonly admin: string;
  /** Exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Everything it wrote to standard error so far. */
  stderr(): string;
  /** Process ids of its inference processes. */
  executors(): Promise<number[]>;
}

/** Starts `rewardgate serve` as a user does, in a process of its own, and waits until it is ready. */
export async function spawnGateway(config: string, environment: Record<string, string> = {}): Promise<SpawnedGateway> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", join(ROOT, "src/main.ts"), "serve", "--config", config, "--log-level", "warn"],
    {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    },
  );
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const addresses: Record<string, string> = {};
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const [name, address] = line.split(/\s+/);
      if (name && address) addresses[name.toLowerCase()] = address;
      if (line.startsWith("ready")) resolve();
    });
    exited.then((code) => reject(new Error(`the gateway ended with ${code}: ${stderr}`)));
  });
  return {
    process: child,
    http: addresses.http!,
    grpc: addresses.grpc!,
    admin: addresses.admin!,
    exited,
    stderr: () => stderr,
    async executors() {
      const { readFileSync, readdirSync } = await import("node:fs");
      return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => {
          try {
            const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
              .replace(/^.*\) /, "")
              .split(" ");
            return Number(fields[1]) === child.pid && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("executor-process");
          } catch {
            return false;
          }
        });
    },
  };
}
