import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { VllmBackendOptions } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { Judge, JudgeSpec } from "../domain/judge.ts";
import { createProcessJudge } from "../judges/process.ts";
import { scalar } from "../judges/scalar.ts";
import { readGolden } from "./bundle.ts";
import { digestOf } from "./digest.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { BackendConfig, Config, ServedJudgeConfig } from "./schema.ts";

type EngineConfig = BackendConfig & { readonly type: "vllm" };

/** An engine that has to be asked, for one judge or for several. */
export interface EnginePlan {
  readonly name: string;
  /** What `createVllmBackend` needs, besides the name. */
  readonly vllm: Omit<VllmBackendOptions, "name" | "clock" | "random" | "metrics" | "log" | "verify">;
  readonly queue: BackendConfig["queue"];
}

/** The plan of an engine, with its paths made absolute. */
export function enginePlan(name: string, backend: EngineConfig, folder: string): EnginePlan {
  const { type: _, queue, apiKey, ...vllm } = backend;
  const key = apiKey !== undefined && "file" in apiKey ? { file: resolve(folder, apiKey.file) } : apiKey;
  return { name, vllm: { ...vllm, apiKey: key }, queue };
}

/** What a backend has to give for a judge of each kind. */
const NEEDS = { scalar: "scores", process: "steps" } as const;

/**
 * Makes a judge whose model an engine serves.
 *
 * @returns undefined when it does not fit its backend, or a file of it cannot be used, which is added to `problems`
 */
export async function createServedJudge(
  name: string,
  written: ServedJudgeConfig,
  { model, gives, right }: EngineConfig,
  { origin }: Config,
  problems: ConfigProblem[],
): Promise<ResolvedJudge | undefined> {
  const { backend, description, license, template, golden, ...params } = written;
  const report = (path: string[], cause: string, remedy: string) =>
    problems.push(origin.locate({ path: ["judges", name, ...path], cause, remedy }));
  if (gives !== NEEDS[written.kind]) {
    report(
      ["backend"],
      `a judge of kind ${written.kind} and backend "${backend}" gives ${gives}`,
      `set \`gives: ${NEEDS[written.kind]}\` there`,
    );
    return undefined;
  }
  const source = "text" in template ? template.text : await readFile(resolve(origin.folder, template.file), "utf8").catch(() => undefined);
  if (source === undefined) {
    report(["template", "file"], "cannot be read, or is not there", "name a file that holds the template");
    return undefined;
  }
  const before = problems.length;
  const goldens = golden === undefined ? [] : await readGolden(resolve(origin.folder, golden.file), problems);
  if (problems.length > before) return undefined;
  const revision = digestOf({ kind: written.kind, served: 1, params, template: source, model, right });
  const spec: Omit<JudgeSpec, "space"> = { name, revision, backend, template: source, overlong: "error", determinism: { class: "none" } };
  try {
    const judge = judgeOf(spec, written);
    const described = description ?? `${written.kind === "scalar" ? "Scores" : "Scores of steps"} by ${model}.`;
    return { judge, description: described, license, goldens, goldenTolerance: golden?.tolerance ?? 0, goldenJudge: judge };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
    report(["template"], thrown.message, "correct the template");
    return undefined;
  }
}

function judgeOf(spec: Omit<JudgeSpec, "space">, written: ServedJudgeConfig): Judge {
  if (written.kind === "process") return createProcessJudge(spec, { ...written, outputs: { steps: NEEDS.process } });
  return scalar.create({ ...spec, space: written.space }, { outputs: { score: NEEDS.scalar } });
}
