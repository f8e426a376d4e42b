import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type OpenAiBackendOptions, openSecret, type SecretSource } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { Judge } from "../domain/judge.ts";
import { CRITIQUE_VERSION, type CritiqueConfig, createCritiqueJudge } from "../judges/critique.ts";
import type { Fence } from "../judges/generative/quoted-text.ts";
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

/** A judge behind a chat server, as the configuration writes it. */
type ChatJudgeConfig = CritiqueConfig;

/** What the kinds are made from, whatever the kind. */
interface Making {
  readonly name: string;
  readonly fence: Fence;
  readonly config: Config;
  readonly problems: ConfigProblem[];
  /** Revision of a judge of this server: says its kind, its version, its parameters and every text that it judges by. */
  revisionOf(kind: string, version: number, params: unknown, texts: Readonly<Record<string, unknown>>): string;
}

/**
 * Makes a judge behind a chat server.
 *
 * @returns undefined when a file or a secret of it cannot be read, which is added to `problems`
 */
export async function createChatJudge(
  name: string,
  written: ChatJudgeConfig,
  { model, structuredOutput }: BackendConfig & { readonly type: "openai" },
  config: Config,
  problems: ConfigProblem[],
): Promise<{ readonly judge: Judge; readonly description: string; readonly license: string } | undefined> {
  const { backend: _, description, license, secret, ...params } = written;
  const fence = await openFence(name, secret, config, problems);
  if (fence === undefined) return undefined;
  const revisionOf: Making["revisionOf"] = (kind, version, own, texts) =>
    digestOf({ kind, version, params: own, ...texts, model, structuredOutput });
  const judge = await make(written, params, { name, fence, config, problems, revisionOf });
  return judge && { judge, description: description ?? `${ABOUT[written.kind]} by ${model}.`, license };
}

/** What a judge of each kind does, for the description of one that has none. */
const ABOUT: Readonly<Record<ChatJudgeConfig["kind"], string>> = { critique: "Critique and score under a rubric" };

async function make(written: ChatJudgeConfig, params: ParamsOf<ChatJudgeConfig>, making: Making): Promise<Judge | undefined> {
  return makeCritique(written, params, making);
}

/** The keys of a judge that say how it judges. */
type ParamsOf<C> = Omit<C, "backend" | "description" | "license" | "secret">;

async function makeCritique(
  critique: CritiqueConfig,
  { rubric, ...params }: ParamsOf<CritiqueConfig>,
  { name, fence, config: { origin }, problems, revisionOf }: Making,
): Promise<Judge | undefined> {
  const text = "text" in rubric ? rubric.text : await readFile(resolve(origin.folder, rubric.file), "utf8").catch(() => undefined);
  if (text === undefined || text.trim() === "") {
    const cause = text === undefined ? "cannot be read, or is not there" : "is empty";
    problems.push(origin.locate({ path: ["judges", name, "rubric", "file"], cause, remedy: "name a file that holds the rubric" }));
    return undefined;
  }
  const revision = revisionOf("critique", CRITIQUE_VERSION, params, { rubric: text });
  return createCritiqueJudge({ name, revision, rubric: text, fence }, critique);
}

async function openFence(
  name: string,
  source: SecretSource | undefined,
  { origin }: Config,
  problems: ConfigProblem[],
): Promise<Fence | undefined> {
  try {
    const secret = source && (await openSecret(`the secret of judge "${name}"`, inFolder(source, origin.folder)));
    return createFence(secret?.current);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
    problems.push(origin.locate({ path: ["judges", name, "secret"], cause: thrown.message, remedy: "or leave it out" }));
    return undefined;
  }
}

function inFolder(source: SecretSource, folder: string): SecretSource {
  return "file" in source ? { file: resolve(folder, source.file) } : source;
}
