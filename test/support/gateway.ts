import { stringify } from "yaml";
import { createOnnxBackend } from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type ResolvedJudge, resolve } from "../../src/config/resolve.ts";
import type { PreparedCall } from "../../src/domain/backend.ts";
import { type BundleParts, temporaryFolder, writeBundle } from "./bundle.ts";
import { buildModel, type TestModelOptions } from "./onnx-model.ts";
import { STEP_TOKEN, TEMPLATE, tokenizerJson } from "./tokenizer.ts";

export interface GatewayParts {
  /** With `steps`, there is a judge `tiny-steps` and a panel `process` of it. */
  readonly model?: TestModelOptions;
  /** Keys of rewardgate.yaml under `server`. */
  readonly server?: Record<string, unknown>;
  /** Keys of the backend. */
  readonly backend?: Record<string, unknown>;
  /** Sections of rewardgate.yaml besides those that every gateway has. */
  readonly sections?: Record<string, unknown>;
}

/**
 * A folder with a configuration and real, tiny models: judges `tiny-objectives` and `tiny-reward` on one graph, a panel `chat`
 * of both and a panel `reward` of the second alone.
 */
export interface TestGateway {
  readonly folder: ReturnType<typeof temporaryFolder>;
  /** Path of rewardgate.yaml. Its ports are 0. */
  readonly config: string;
  remove(): void;
}

const model = (outputs: Record<string, string>) => ({
  maxTokens: 64,
  template: TEMPLATE,
  inputs: { ids: "input_ids", mask: "attention_mask", segments: "token_type_ids" },
  outputs,
});

const OBJECTIVES = {
  kind: "objectives",
  model: model({ objectives: "objectives", gating: "gating" }),
  objectives: ["helpfulness", "harmlessness", "verbosity"].map((name) => ({ name, penalty: name === "helpfulness" ? 0.5 : 0 })),
  verbosity: "verbosity",
};

const steps = (maxSteps: number) => ({
  kind: "process",
  model: model({ steps: "steps" }),
  marker: STEP_TOKEN,
  maxSteps,
  reading: "logit",
  space: "unit",
});

const WORDS = ["good", "bad", "egg", "water", "rome", "paris", "cat", "dog"];

const CONFIG = {
  apiVersion: "rewardgate/v1",
  server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 } },
  backends: { local: { type: "onnx", executors: 1 } },
  judges: {
    "tiny-objectives": { bundle: "models/tiny-objectives", backend: "local", overlong: "truncate" },
    "tiny-reward": { bundle: "models/tiny-reward", backend: "local" },
  },
  panels: {
    chat: {
      members: [
        { judge: "tiny-objectives", weight: 0.5 },
        { judge: "tiny-reward", weight: 0.5 },
      ],
    },
    reward: { members: [{ judge: "tiny-reward", calibration: "none" }] },
  },
};

const PROCESS = {
  judges: { ...CONFIG.judges, "tiny-steps": { bundle: "models/tiny-steps", backend: "local", overlong: "truncate" } },
  panels: {
    ...CONFIG.panels,
    process: { members: [{ judge: "tiny-steps", calibration: "none" }] },
  },
};

/** Writes it. Golden scores are computed by the model itself, through the judges. */
export async function writeGateway(parts: GatewayParts = {}): Promise<TestGateway> {
  const folder = temporaryFolder();
  const settings = {
    ...CONFIG,
    ...(parts.model?.steps !== undefined && PROCESS),
    server: { ...CONFIG.server, ...parts.server },
    backends: { local: { ...CONFIG.backends.local, ...parts.backend } },
    ...parts.sections,
  };
  const config = folder.write("rewardgate.yaml", stringify(settings));
  const files = { graph: buildModel(parts.model), tokenizer: tokenizerJson() };
  const items = Array.from({ length: 16 }, (_, i) => ({
    id: `row-${i}`,
    prompt: [{ role: "user", content: `${WORDS[i % 8]} ${WORDS[(i + 3) % 8]}` }],
    candidate: WORDS.slice(0, 1 + (i % 7)).join(" "),
  }));
  const write = (name: string, manifest: BundleParts["manifest"] & object, scores: readonly object[]) =>
    writeBundle(folder, name, { ...files, manifest, golden: items.map((item, i) => ({ ...item, score: 0, ...scores[i] })) });
  const manifests: Record<string, BundleParts["manifest"] & object> = {
    "tiny-objectives": OBJECTIVES,
    "tiny-reward": { model: model({ score: "reward" }) },
    ...(parts.model?.steps !== undefined && { "tiny-steps": steps(parts.model.steps) }),
  };
  for (const [name, manifest] of Object.entries(manifests)) write(name, manifest, []);

  const { judges, backends } = await resolve(await loadConfig({ file: config, variables: {} }));
  const backend = await createOnnxBackend({ ...backends[0]!.onnx, name: "golden" });
  try {
    for (const { judge, goldens } of judges) {
      const scores = await Promise.all(goldens.map((row) => scoreRow(judge, row, backend)));
      write(judge.name, manifests[judge.name]!, scores);
    }
  } finally {
    await backend.close();
  }
  return { folder, config, remove: () => folder.remove() };
}

async function scoreRow(
  judge: ResolvedJudge["judge"],
  { item }: ResolvedJudge["goldens"][number],
  backend: Awaited<ReturnType<typeof createOnnxBackend>>,
) {
  const [ask] = judge.encode(item);
  const prepared = await backend.prepare(ask!.calls);
  const [raw] = judge.decode(ask!, await backend.run(prepared as PreparedCall[]), item);
  if (raw?.outcome !== "scored") throw new Error("the test model did not score its golden row");
  const { value, objectives, gating } = raw;
  return { score: value, ...(objectives && { objectives: [...objectives] }), ...(gating && { gating: [...gating] }) };
}
