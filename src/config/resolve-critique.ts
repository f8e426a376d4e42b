import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type OpenAiBackendOptions, openSecret, type SecretSource } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { Judge } from "../domain/judge.ts";
import { CRITIQUE_VERSION, type CritiqueConfig, createCritiqueJudge } from "../judges/critique.ts";
import { createFence } from "./delimiter.ts";
import { digestOf } from "./digest.ts";
import type { BackendConfig, Config } from "./schema.ts";

/** A chat server that has to be asked, for one judge or for several. */
export interface ChatPlan {
  readonly name: string;
  /** What `createOpenAiBackend` needs, besides the name. */
  readonly openai: Omit<OpenAiBackendOptions, "name" | "clock" | "random" | "metrics" | "log">;
  readonly queue: BackendConfig["queue"];
}

/** The plan of a chat server, with its paths made absolute. */
export function chatPlan(name: string, backend: BackendConfig & { readonly type: "openai" }, folder: string): ChatPlan {
  const { type: _, queue, apiKey, ...openai } = backend;
  return { name, openai: { ...openai, apiKey: apiKey && inFolder(apiKey, folder) }, queue };
}

/**
 * Makes a judge that writes critiques.
 *
 * @returns undefined when its rubric or secret cannot be read, which is added to `problems`
 */
export async function createCritique(
  name: string,
  critique: CritiqueConfig,
  backend: BackendConfig & { readonly type: "openai" },
  { origin }: Config,
  problems: ConfigProblem[],
): Promise<{ readonly judge: Judge; readonly description: string; readonly license: string } | undefined> {
  const { backend: _, description, license, rubric, secret, ...params } = critique;
  const text = "text" in rubric ? rubric.text : await readFile(resolve(origin.folder, rubric.file), "utf8").catch(() => undefined);
  if (text === undefined || text.trim() === "") {
    const cause = text === undefined ? "cannot be read, or is not there" : "is empty";
    problems.push(origin.locate({ path: ["judges", name, "rubric", "file"], cause, remedy: "name a file that holds the rubric" }));
    return undefined;
  }
  try {
    const drawn = secret && (await openSecret(`the secret of judge "${name}"`, inFolder(secret, origin.folder)));
    const { model, structuredOutput } = backend;
    const judge = createCritiqueJudge(
      {
        name,
        revision: digestOf({ kind: "critique", version: CRITIQUE_VERSION, params, rubric: text, model, structuredOutput }),
        rubric: text,
        fence: createFence(drawn?.current),
      },
      critique,
    );
    const described = description ?? `Critique and score by ${model} under a rubric.`;
    return { judge, description: described, license };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
    problems.push(origin.locate({ path: ["judges", name, "secret"], cause: thrown.message, remedy: "or leave it out" }));
    return undefined;
  }
}

function inFolder(source: SecretSource, folder: string): SecretSource {
  return "file" in source ? { file: resolve(folder, source.file) } : source;
}
