import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";

/** A folder of the test's own, removed by `remove`. */
export function temporaryFolder(): { path: string; write(name: string, bytes: string | Uint8Array): string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "rewardgate-"));
  return {
    path,
    write(name, bytes) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

export interface BundleParts {
  /** Keys of judge.yaml that replace those of a good one; undefined removes a key. */
  readonly manifest?: Record<string, unknown>;
  readonly calibration?: Record<string, unknown> | undefined;
  readonly golden?: readonly Record<string, unknown>[];
  /** The default is no record of ARM's own. */
  readonly goldenArm64?: readonly Record<string, unknown>[];
  /** Bytes of the graph. The default is no graph, for tests that do not load it. */
  readonly graph?: string | Uint8Array;
  readonly tokenizer?: string;
}

/** Golden rows that are well formed. */
export function goldenRows(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `row-${i}`,
    prompt: [{ role: "user", content: "Hi" }],
    candidate: `c${i}`,
    score: i / 10,
  }));
}

const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Writes a bundle of two folders, `models/<name>` and the trunk beside it, that is whole unless `parts` breaks it. */
export function writeBundle(folder: ReturnType<typeof temporaryFolder>, name: string, parts: BundleParts = {}): void {
  const graph = parts.graph ?? "graph";
  const calibration =
    "calibration" in parts && parts.calibration === undefined
      ? undefined
      : JSON.stringify({
          apiVersion: "rewardgate/v1",
          method: "affine",
          params: { slope: 2, intercept: 0.5 },
          spaceIn: "logit",
          spaceOut: "logit",
          graphSha256: sha256(graph),
          ...parts.calibration,
        });
  const lines = (rows: readonly Record<string, unknown>[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const files: Record<string, { path: string; bytes: string | Uint8Array | undefined }> = {
    graph: { path: "../trunk/model.onnx", bytes: graph },
    tokenizer: { path: "../trunk/tokenizer.json", bytes: parts.tokenizer ?? "{}" },
    calibration: { path: "calibration.json", bytes: calibration },
    golden: { path: "golden.jsonl", bytes: lines(parts.golden ?? goldenRows(16)) },
    goldenArm64: { path: "golden.arm64.jsonl", bytes: parts.goldenArm64 && lines(parts.goldenArm64) },
  };
  const listed: Record<string, { path: string; sha256: string }> = {};
  for (const [key, { path, bytes }] of Object.entries(files)) {
    if (bytes === undefined) continue;
    folder.write(join("models", name, path), bytes);
    listed[key] = { path, sha256: sha256(bytes) };
  }
  const manifest = {
    apiVersion: "rewardgate/v1",
    name,
    kind: "scalar",
    description: "A judge of a test.",
    license: "Apache-2.0",
    model: {
      maxTokens: 64,
      template: "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}",
      inputs: { ids: "input_ids", mask: "attention_mask", segments: "token_type_ids" },
      outputs: { score: "reward", state: "state" },
    },
    space: "logit",
    determinism: { class: "tolerance", bound: 1e-5 },
    goldenTolerance: 1e-4,
    files: listed,
    training: { seed: 0 },
    ...parts.manifest,
  };
  folder.write(join("models", name, "judge.yaml"), stringify(manifest));
}

/** Keys of judge.yaml that make `writeBundle` write a judge with objectives. */
export const OBJECTIVES_MANIFEST = {
  kind: "objectives",
  model: {
    maxTokens: 64,
    template: "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}",
    inputs: { ids: "input_ids", mask: "attention_mask", segments: "token_type_ids" },
    outputs: { objectives: "objectives", gating: "gating" },
  },
  objectives: [
    { name: "helpfulness", penalty: 0.5 },
    { name: "harmlessness", penalty: 0 },
    { name: "verbosity", penalty: 1 },
  ],
  verbosity: "verbosity",
};
