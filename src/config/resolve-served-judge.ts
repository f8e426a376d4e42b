import { resolve } from "node:path";
import { MODEL_SERVERS, type ModelServer } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { Judge, JudgeSpec } from "../domain/judge.ts";
import { createProcessJudge } from "../judges/process.ts";
import { createReranker } from "../judges/reranker.ts";
import { scalar } from "../judges/scalar.ts";
import { verifier } from "../judges/verifier.ts";
import { readGolden } from "./bundle.ts";
import { digestOf } from "./digest.ts";
import { inFolder } from "./in-folder.ts";
import { readText, type Unreadable } from "./read-text.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { BackendConfig, Config, ServedJudgeConfig } from "./schema.ts";

type EngineConfig = BackendConfig & { readonly type: ModelServer["type"] };

/** What the gateway adds to the configuration of an engine. */
type Added = "name" | "clock" | "random" | "metrics" | "log" | "verify";
type Written<S> = S extends unknown ? Omit<S, Added> : never;

/** An engine that has to be asked, for one judge or for several. */
export interface EnginePlan {
  readonly name: string;
  /** What `createModelServer` needs, besides the name. */
  readonly server: Written<ModelServer>;
  readonly queue: BackendConfig["queue"];
}

/** Whether a backend is an engine that serves reward models. */
export function isEngine(backend: BackendConfig): backend is EngineConfig {
  return (MODEL_SERVERS as readonly string[]).includes(backend.type);
}

/** Whether a judge is of a kind whose model an engine serves. */
export function isServed(judge: { readonly kind: string }): judge is ServedJudgeConfig {
  return Object.hasOwn(NEEDS, judge.kind);
}

/** The plan of an engine, with its paths made absolute. */
export function enginePlan(name: string, { queue, ...server }: EngineConfig, folder: string): EnginePlan {
  return { name, server: { ...server, apiKey: inFolder(server.apiKey, folder) }, queue };
}

/** What a backend has to give for a judge of each kind. */
const NEEDS = { scalar: "scores", verifier: "scores", process: "steps", reranker: "pairs" } as const satisfies Record<
  ServedJudgeConfig["kind"],
  string
>;

/**
 * Makes a judge whose model an engine serves.
 *
 * @returns undefined when it does not fit its backend, or a file of it cannot be used, which is added to `problems`
 */
export async function createServedJudge(
  name: string,
  written: ServedJudgeConfig,
  engine: EngineConfig,
  { config: { origin }, problems }: { readonly config: Config; readonly problems: ConfigProblem[] },
): Promise<ResolvedJudge | undefined> {
  const { model, gives } = engine;
  const { backend, description, license, golden, ...params } = written;
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
  const source = await readTemplate(written, origin.folder);
  if (typeof source !== "string") {
    report(["template", "file"], source.cause, source.remedy);
    return undefined;
  }
  const before = problems.length;
  const goldens = golden === undefined ? [] : await readGolden(resolve(origin.folder, golden.file), problems);
  if (problems.length > before) return undefined;
  const revision = digestOf({ kind: written.kind, served: 1, params: { ...params, template: source }, model, asked: howAsked(engine) });
  const spec: Omit<JudgeSpec, "space"> = { name, revision, backend, template: source, overlong: "error", determinism: { class: "none" } };
  try {
    const judge = judgeOf(spec, written);
    const described = description ?? `${ABOUT[written.kind]} by ${model}.`;
    return { judge, description: described, license, goldens, goldenTolerance: golden?.tolerance ?? 0, goldenJudge: judge };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
    report(["template"], thrown.message, "correct the template");
    return undefined;
  }
}

/** What a judge of each kind gives, for the description of one that has none. */
const ABOUT = {
  scalar: "Scores",
  verifier: "Agreement with the reference",
  process: "Scores of steps",
  reranker: "Relevance",
} as const satisfies Record<ServedJudgeConfig["kind"], string>;

/** The judge's template, empty for a kind that has none. */
async function readTemplate(written: ServedJudgeConfig, folder: string): Promise<string | Unreadable> {
  if (written.kind === "reranker") return "";
  const { template } = written;
  return "text" in template ? template.text : readText(resolve(folder, template.file), "name a file that holds the template");
}

/** What of an engine's configuration decides a score, besides its model. */
function howAsked(engine: EngineConfig): Readonly<Record<string, unknown>> {
  switch (engine.type) {
    case "vllm":
      return { type: engine.type, right: engine.right };
    case "sglang":
      return { type: engine.type, route: engine.route, addedTokens: engine.addedTokens };
    case "tei":
      return { type: engine.type, addedTokens: engine.addedTokens };
    case "triton":
      return { type: engine.type, version: engine.version ?? "", tensors: engine.tensors, addedTokens: engine.addedTokens };
    case "llamacpp":
      return { type: engine.type };
  }
}

function judgeOf(spec: Omit<JudgeSpec, "space">, written: ServedJudgeConfig): Judge {
  switch (written.kind) {
    case "process":
      return createProcessJudge(spec, { ...written, outputs: { steps: NEEDS.process } });
    case "scalar":
      return scalar.create({ ...spec, space: written.space }, { outputs: { score: NEEDS.scalar } });
    case "verifier":
      return verifier.create({ ...spec, space: written.space }, { outputs: { score: NEEDS.verifier } });
    case "reranker":
      return createReranker({ ...spec, space: written.space }, { query: written.query, output: "scores" });
  }
}
