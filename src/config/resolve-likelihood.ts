import { resolve } from "node:path";
import type { LogprobsBackendOptions } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import { createLikelihoodJudge, LIKELIHOOD_VERSION, type LikelihoodConfig } from "../judges/likelihood.ts";
import { readGolden } from "./bundle.ts";
import { digestOf } from "./digest.ts";
import { inFolder } from "./in-folder.ts";
import { readText } from "./read-text.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { BackendConfig, Config } from "./schema.ts";

type LogprobsConfig = BackendConfig & { readonly type: "logprobs" };

/** An engine that is asked how likely texts are, for one judge or for several. */
export interface LogprobsPlan {
  readonly name: string;
  /** What `createLogprobsBackend` needs, besides the name. */
  readonly logprobs: Omit<LogprobsBackendOptions, "name" | "clock" | "random" | "metrics" | "log" | "verify">;
  readonly queue: BackendConfig["queue"];
}

/**
 * Makes a judge of likelihood and the plan of its engine.
 *
 * @returns undefined when a file of it cannot be used, which is added to `problems`
 */
export async function createLikelihood(
  name: string,
  written: LikelihoodConfig,
  backend: LogprobsConfig,
  { config: { origin }, problems }: { readonly config: Config; readonly problems: ConfigProblem[] },
): Promise<{ readonly judge: ResolvedJudge; readonly plan: LogprobsPlan } | undefined> {
  const { backend: served, description, license, template, golden, ...params } = written;
  const { type: _, queue, apiKey, tokenizer, ...engine } = backend;
  const report = (path: string[], cause: string, remedy: string) => problems.push(origin.locate({ path, cause, remedy }));
  const read = async (path: string[], file: string, remedy: string) => {
    const text = await readText(resolve(origin.folder, file), remedy);
    if (typeof text === "string") return text;
    report(path, text.cause, text.remedy);
    return undefined;
  };
  const source =
    "text" in template
      ? template.text
      : await read(["judges", name, "template", "file"], template.file, "name a file that holds the template");
  const vocabulary = await read(["backends", served, "tokenizer", "file"], tokenizer.file, "name the tokenizer.json of the model");
  const before = problems.length;
  const goldens = golden === undefined ? [] : await readGolden(resolve(origin.folder, golden.file), problems);
  if (source === undefined || vocabulary === undefined || problems.length > before) return undefined;
  const facts = { kind: "likelihood", version: LIKELIHOOD_VERSION, params, template: source };
  const revision = digestOf({ ...facts, model: engine.model, engine: engine.engine, tokenizer: digestOf(vocabulary) });
  try {
    const judge = createLikelihoodJudge({ name, revision, template: source }, written);
    const about = description ?? `How likely ${engine.model} finds the ${written.of}, given a candidate.`;
    return {
      judge: { judge, description: about, license, goldens, goldenTolerance: golden?.tolerance ?? 0, goldenJudge: judge },
      plan: { name: served, logprobs: { ...engine, apiKey: inFolder(apiKey, origin.folder), tokenizer: vocabulary }, queue },
    };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
    report(["judges", name, "template"], thrown.message, "correct the template");
    return undefined;
  }
}
