import { resolve } from "node:path";
import { CHAT_SERVERS, type ChatServer, openSecret, type SecretSource } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { Judge } from "../domain/judge.ts";
import { CHECKLIST_VERSION, type ChecklistConfig, checklistFileSchema, createChecklistJudge, itemsOf } from "../judges/checklist.ts";
import { CRITIQUE_VERSION, type CritiqueConfig, createCritiqueJudge, ROUNDS_VERSION } from "../judges/critique.ts";
import { CRITIQUED_VERSION, type CritiquedConfig, createCritiquedJudge } from "../judges/critiqued.ts";
import type { Principles } from "../judges/generative/principles.ts";
import type { Fence } from "../judges/generative/quoted-text.ts";
import { createListwiseJudge, LISTWISE_VERSION, type ListwiseConfig } from "../judges/listwise.ts";
import { createPairwiseJudge, PAIRWISE_VERSION, type PairwiseConfig } from "../judges/pairwise.ts";
import { createRubricJudge, criteriaOf, RUBRIC_VERSION, type RubricConfig, rubricFileSchema } from "../judges/rubric.ts";
import { readCriteriaFile } from "./criteria-file.ts";
import { createFence } from "./delimiter.ts";
import { digestOf } from "./digest.ts";
import { inFolder } from "./in-folder.ts";
import { readText } from "./read-text.ts";
import { describeTools } from "./resolve-tools.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { BackendConfig, Config } from "./schema.ts";

type ChatServerConfig = BackendConfig & { readonly type: ChatServer["type"] };

/** What the gateway adds to the configuration of a server. */
type Added = "name" | "clock" | "random" | "metrics" | "log";
type Written<S> = S extends unknown ? Omit<S, Added> : never;

/** A chat server that has to be asked, for one judge or for several. */
export interface ChatPlan {
  readonly name: string;
  /** What `createChatServer` needs, besides the name. */
  readonly server: Written<ChatServer>;
  readonly queue: BackendConfig["queue"];
}

/** Whether a backend is a server of chats. */
export function isChatServer(backend: BackendConfig): backend is ChatServerConfig {
  return (CHAT_SERVERS as readonly string[]).includes(backend.type);
}

/** The plan of a chat server, with its paths made absolute. */
export function chatPlan(name: string, { queue, ...server }: ChatServerConfig, folder: string): ChatPlan {
  return { name, server: { ...server, apiKey: inFolder(server.apiKey, folder) }, queue };
}

/** What of a server's configuration decides an answer. */
function howAsked(server: ChatServerConfig): Readonly<Record<string, unknown>> {
  if (server.type === "openai") return { model: server.model, structuredOutput: server.structuredOutput };
  const { type, model, digest, contextTokens, think } = server;
  return { type, model, digest: digest ?? "", contextTokens: contextTokens ?? 0, think: think ?? "" };
}

/** A judge behind a chat server, as the configuration writes it. */
export type ChatJudgeConfig = CritiqueConfig | CritiquedConfig | RubricConfig | ChecklistConfig | ListwiseConfig | PairwiseConfig;

/** A judge, and what it judges by, for people. */
interface Made {
  readonly judge: Judge;
  readonly under: string;
}

/** What the kinds are made from, whatever the kind. */
interface Making {
  readonly name: string;
  readonly fence: Fence;
  readonly config: Config;
  /** Those that are made already. */
  readonly judges: ReadonlyMap<string, ResolvedJudge>;
  readonly problems: ConfigProblem[];
  /** Revision of a judge of this server: says its kind, its version, its parameters and every text that it judges by. */
  revisionOf(written: ChatJudgeConfig, version: number, texts: Readonly<Record<string, unknown>>): string;
}

/**
 * Makes a judge behind a chat server.
 *
 * @returns undefined when a file or a secret of it cannot be read, which is added to `problems`
 */
export async function createChatJudge(
  name: string,
  written: ChatJudgeConfig,
  server: ChatServerConfig,
  { config, judges, problems }: Pick<Making, "config" | "judges" | "problems">,
): Promise<{ readonly judge: Judge; readonly description: string; readonly license: string } | undefined> {
  const fence = await openFence(name, written.secret, config, problems);
  if (fence === undefined) return undefined;
  const revisionOf: Making["revisionOf"] = (own, version, texts) => {
    const { backend: _, description: __, license: ___, secret: ____, ...params } = own;
    return digestOf({ ...params, ...texts, version, ...howAsked(server) });
  };
  const making = { name, fence, config, judges, problems, revisionOf };
  const made = await make(written, making);
  if (made === undefined) return undefined;
  const { judge, under } = made;
  return {
    judge,
    description: written.description ?? `${ABOUT[written.kind]} under ${under}, by ${server.model}.`,
    license: written.license,
  };
}

/** What a judge of each kind does, for the description of one that has none. */
const ABOUT: Readonly<Record<ChatJudgeConfig["kind"], string>> = {
  critique: "Critique and score",
  critiqued: "A critique, and a score of the response with it,",
  checklist: "Items checked with evidence",
  listwise: "Scores and a ranking of all candidates",
  pairwise: "Comparisons of two candidates",
  rubric: "Rules checked and principles graded",
};

async function make(written: ChatJudgeConfig, making: Making): Promise<Made | undefined> {
  switch (written.kind) {
    case "critique":
      return makeCritique(written, making);
    case "critiqued":
      return makeCritiqued(written, making);
    case "rubric":
      return makeRubric(written, making);
    case "checklist":
      return makeChecklist(written, making);
    case "listwise":
      return makeListwise(written, making);
    case "pairwise":
      return makePairwise(written, making);
  }
}

async function makeChecklist(checklist: ChecklistConfig, { name, fence, config, problems, revisionOf }: Making): Promise<Made | undefined> {
  const { checklist: given } = checklist;
  const place = ["judges", name, "checklist", "file"];
  const list =
    given === "request" || !("file" in given) ? given : await readCriteriaFile(given.file, checklistFileSchema, place, config, problems);
  if (list === undefined) return undefined;
  const items = list === "request" ? undefined : itemsOf(list);
  const revision = revisionOf(checklist, CHECKLIST_VERSION, { checklist: items ?? "request" });
  const under = list === "request" ? "the item's criteria" : titleOf(list, "a checklist");
  return { judge: createChecklistJudge({ name, revision, items, fence }, checklist), under };
}

async function makePairwise(pairwise: PairwiseConfig, making: Making): Promise<Made | undefined> {
  const principles = await readPrinciples(pairwise.principles, making);
  if (principles === undefined) return undefined;
  const { name, fence, revisionOf } = making;
  const revision = revisionOf(pairwise, PAIRWISE_VERSION, { principles });
  return { judge: createPairwiseJudge({ name, revision, principles, fence }, pairwise), under: sourceOf(principles) };
}

async function makeListwise(listwise: ListwiseConfig, making: Making): Promise<Made | undefined> {
  const principles = await readPrinciples(listwise.principles, making);
  if (principles === undefined) return undefined;
  const { name, fence, revisionOf } = making;
  const revision = revisionOf(listwise, LISTWISE_VERSION, { principles });
  return { judge: createListwiseJudge({ name, revision, principles, fence }, listwise), under: sourceOf(principles) };
}

/** The principles' text, wherever it is, or `request`. */
async function readPrinciples(given: PairwiseConfig["principles"], making: Making): Promise<Principles | undefined> {
  if (given === "request") return given;
  const text = await readGiven(given, ["principles"], making);
  return text === undefined ? undefined : { text };
}

function sourceOf(principles: Principles): string {
  return principles === "request" ? "the item's criteria" : "principles";
}

/** A text of the configuration, or of a file that it names; undefined when there is none, which is added to the problems. */
async function readGiven(
  given: { readonly text: string } | { readonly file: string },
  key: readonly string[],
  { name, config: { origin }, problems }: Making,
): Promise<string | undefined> {
  if ("text" in given) return given.text;
  const remedy = `name a file that holds the ${key.join(" ")}`;
  const text = await readText(resolve(origin.folder, given.file), remedy);
  if (typeof text === "string" && text.trim() !== "") return text;
  const found = typeof text === "string" ? { cause: "is empty", remedy } : text;
  problems.push(origin.locate({ path: ["judges", name, ...key, "file"], ...found }));
  return undefined;
}

async function makeRubric(rubric: RubricConfig, { name, fence, config, problems, revisionOf }: Making): Promise<Made | undefined> {
  const { rubric: given } = rubric;
  const place = ["judges", name, "rubric", "file"];
  const lists =
    given === "request" || !("file" in given) ? given : await readCriteriaFile(given.file, rubricFileSchema, place, config, problems);
  if (lists === undefined) return undefined;
  const criteria = lists === "request" ? undefined : criteriaOf(lists);
  if (rubric.judging === "total" && criteria?.some(({ hard }) => hard)) {
    const cause = "its rules cannot be judged by a total score";
    problems.push(config.origin.locate({ path: place, cause, remedy: "make them principles, or judge them together or apart" }));
    return undefined;
  }
  const revision = revisionOf(rubric, RUBRIC_VERSION, { rubric: criteria ?? "request" });
  const under = lists === "request" ? "the item's criteria" : titleOf(lists, "a rubric");
  return { judge: createRubricJudge({ name, revision, criteria, fence }, rubric), under };
}

async function makeCritique(critique: CritiqueConfig, making: Making): Promise<Made | undefined> {
  const text = await readGiven(critique.rubric, ["rubric"], making);
  const { name, fence, config, problems, revisionOf } = making;
  const tools = critique.tools === undefined ? [] : describeTools(name, critique.tools, config, problems);
  if (text === undefined || tools === undefined) return undefined;
  const inRounds = critique.tools === undefined ? {} : { tools, roundsVersion: ROUNDS_VERSION };
  const revision = revisionOf(critique, CRITIQUE_VERSION, { rubric: text, ...inRounds });
  return { judge: createCritiqueJudge({ name, revision, rubric: text, fence }, critique), under: "a rubric" };
}

function makeCritiqued(critiqued: CritiquedConfig, { name, fence, config, judges, problems, revisionOf }: Making): Made | undefined {
  const head = judges.get(critiqued.head)?.judge;
  if (head?.kind === "scalar") {
    const revision = revisionOf(critiqued, CRITIQUED_VERSION, { head: head.revision });
    return { judge: createCritiquedJudge({ name, revision, head, fence }, critiqued), under: head.name };
  }
  // A head that is written and not made has problems of its own, which are told already.
  if (head === undefined && Object.hasOwn(config.judges, critiqued.head) && critiqued.head !== name) return undefined;
  const cause = head === undefined ? `no judge "${critiqued.head}"` : `judge "${critiqued.head}" is of kind ${head.kind}`;
  const scalars = [...judges.values()].flatMap(({ judge }) => (judge.kind === "scalar" ? [judge.name] : []));
  const remedy = scalars.length > 0 ? `name a judge of kind scalar: ${scalars.join(", ")}` : "define a judge of kind scalar";
  problems.push(config.origin.locate({ path: ["judges", name, "head"], cause, remedy }));
  return undefined;
}

/** Name and version of what came from a file. */
function titleOf(lists: object, otherwise: string): string {
  return "name" in lists && "version" in lists ? `${lists.name} ${lists.version}` : otherwise;
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
