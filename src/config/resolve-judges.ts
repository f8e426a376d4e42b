import { CHAT_SERVERS, MODEL_SERVERS } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { ExternalConfig } from "../judges/external.ts";
import type { LikelihoodConfig } from "../judges/likelihood.ts";
import { createRuleJudge, type RuleConfig, ruleFacts } from "../judges/rule.ts";
import type { DigestCache } from "./bundle.ts";
import { digestOf } from "./digest.ts";
import { type BackendPlan, createBundleJudge } from "./resolve-bundle-judge.ts";
import { type ChatJudgeConfig, type ChatPlan, chatPlan, createChatJudge, isChatServer } from "./resolve-chat-judge.ts";
import { createExternal, type ExternalPlan, joinExternalPlan } from "./resolve-external.ts";
import { createLikelihood, type LogprobsPlan } from "./resolve-likelihood.ts";
import { createServedJudge, type EnginePlan, enginePlan, isEngine, isServed } from "./resolve-served-judge.ts";
import { type ToolPlan, toolPlans } from "./resolve-tools.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { BackendConfig, BundleJudgeConfig, Config, ServedJudgeConfig } from "./schema.ts";

/** What has to be opened for judges: by name, models by what they share. */
interface Plans {
  readonly backends: Map<string, BackendPlan>;
  readonly chats: Map<string, ChatPlan>;
  readonly engines: Map<string, EnginePlan>;
  readonly services: Map<string, ExternalPlan>;
  readonly likelihoods: Map<string, LogprobsPlan>;
  readonly tools: Map<string, ToolPlan>;
}

/** What judges are made from, and what they add to. */
interface Making {
  readonly config: Config;
  readonly digests: DigestCache;
  /** Those that are made already. */
  readonly judges: Map<string, ResolvedJudge>;
  readonly plans: Plans;
  readonly problems: ConfigProblem[];
}

type JudgeConfig = Config["judges"][string];

/**
 * Opens the bundles of all judges and makes the judges.
 *
 * @param only names of the judges to open; all without it
 * @returns judges by name and the backends that they need; problems are added to `problems`, and their judges left out
 */
export async function resolveJudges(
  config: Config,
  only: ReadonlySet<string> | undefined,
  problems: ConfigProblem[],
): Promise<{
  judges: Map<string, ResolvedJudge>;
  backends: BackendPlan[];
  chats: ChatPlan[];
  engines: EnginePlan[];
  services: ExternalPlan[];
  likelihoods: LogprobsPlan[];
  tools: ToolPlan[];
}> {
  const judges = new Map<string, ResolvedJudge>();
  const plans: Plans = {
    backends: new Map(),
    chats: new Map(),
    engines: new Map(),
    services: new Map(),
    likelihoods: new Map(),
    tools: new Map(),
  };
  const making: Making = { config, digests: new Map(), judges, plans, problems };
  const written = Object.entries(config.judges);
  const asksAnother = ([, judge]: (typeof written)[number]) => "kind" in judge && judge.kind === "critiqued";
  // Judges that ask others are made of them, so they come last.
  for (const [name, judge] of [...written.filter((entry) => !asksAnother(entry)), ...written.filter(asksAnother)]) {
    if (only !== undefined && !only.has(name)) continue;
    const made = await makeJudge(name, judge, making);
    if (made !== undefined) judges.set(name, made);
  }
  return {
    judges: new Map(written.flatMap(([name]) => (judges.has(name) ? [[name, judges.get(name)!] as const] : []))),
    backends: [...plans.backends.values()],
    chats: [...plans.chats.values()],
    engines: [...plans.engines.values()],
    services: [...plans.services.values()],
    likelihoods: [...plans.likelihoods.values()],
    tools: [...plans.tools.values()],
  };
}

/** Makes one judge and plans what has to be opened for it; undefined when something is wrong, which is among the problems then. */
async function makeJudge(name: string, judge: JudgeConfig, making: Making): Promise<ResolvedJudge | undefined> {
  if ("rule" in judge) return createRule(name, judge, making);
  const backend = making.config.backends[judge.backend]!;
  if (!("kind" in judge)) return ofBundle(name, judge, backend, making);
  if (judge.kind === "external") return ofService(name, judge, backend, making);
  if (judge.kind === "likelihood") return ofLikelihoods(name, judge, backend, making);
  return isServed(judge) ? ofEngine(name, judge, backend, making) : ofChats(name, judge, backend, making);
}

async function ofBundle(
  name: string,
  judge: BundleJudgeConfig,
  backend: BackendConfig,
  making: Making,
): Promise<ResolvedJudge | undefined> {
  if (backend.type !== "onnx") return misplaced(making, name, `backend "${judge.backend}" runs no graph`, "name a backend of type onnx");
  return createBundleJudge(name, judge, backend, { ...making, plans: making.plans.backends });
}

function ofService(name: string, written: ExternalConfig, backend: BackendConfig, making: Making): ResolvedJudge | undefined {
  const { config, plans } = making;
  if (backend.type !== "external") {
    return misplaced(making, name, `backend "${written.backend}" is no service that judges`, "name a backend of type external");
  }
  const { expected, judge, ...about } = createExternal(name, written);
  const reached = { name: written.backend, backend, folder: config.origin.folder };
  plans.services.set(written.backend, joinExternalPlan(plans.services.get(written.backend), reached, expected));
  return { judge, ...about, ...UNTESTED, goldenJudge: judge };
}

async function ofLikelihoods(
  name: string,
  judge: LikelihoodConfig,
  backend: BackendConfig,
  making: Making,
): Promise<ResolvedJudge | undefined> {
  if (backend.type !== "logprobs") {
    return misplaced(making, name, `backend "${judge.backend}" does not tell how likely a text is`, "name a backend of type logprobs");
  }
  const made = await createLikelihood(name, judge, backend, making);
  if (made !== undefined) making.plans.likelihoods.set(judge.backend, made.plan);
  return made?.judge;
}

async function ofEngine(
  name: string,
  judge: ServedJudgeConfig,
  backend: BackendConfig,
  making: Making,
): Promise<ResolvedJudge | undefined> {
  const { config, plans } = making;
  if (!isEngine(backend)) {
    const remedy = `name one of type ${MODEL_SERVERS.join(", ")}`;
    return misplaced(making, name, `backend "${judge.backend}" is no engine that serves a reward model`, remedy);
  }
  const made = await createServedJudge(name, judge, backend, making);
  if (made !== undefined) plans.engines.set(judge.backend, enginePlan(judge.backend, backend, config.origin.folder));
  return made;
}

async function ofChats(name: string, written: ChatJudgeConfig, backend: BackendConfig, making: Making): Promise<ResolvedJudge | undefined> {
  const { config, plans } = making;
  if (!isChatServer(backend)) {
    const remedy = `name a backend of type ${CHAT_SERVERS.join(" or ")}`;
    return misplaced(making, name, `backend "${written.backend}" answers no chat`, remedy);
  }
  const made = await createChatJudge(name, written, backend, making);
  if (made === undefined) return undefined;
  plans.chats.set(written.backend, chatPlan(written.backend, backend, config.origin.folder));
  if (written.kind === "critique") for (const plan of toolPlans(written, config)) plans.tools.set(plan.name, plan);
  return { ...made, ...UNTESTED, goldenJudge: made.judge };
}

/** A judge without golden scores. */
const UNTESTED = { goldens: [], goldenTolerance: 0 };

/** Reports a judge whose backend is not one for it. */
function misplaced({ config, problems }: Making, judge: string, cause: string, remedy: string): undefined {
  problems.push(config.origin.locate({ path: ["judges", judge, "backend"], cause, remedy }));
}

async function createRule(name: string, rule: RuleConfig, { config, problems }: Making): Promise<ResolvedJudge | undefined> {
  const { description, version } = ruleFacts(rule);
  try {
    const judge = await createRuleJudge({ name, revision: digestOf({ kind: "rule", rule, version }) }, rule);
    return { judge, description, license: "", ...UNTESTED, goldenJudge: judge };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
    problems.push(config.origin.locate({ path: ["judges", name], cause: thrown.message, remedy: "correct it: docs/judges/rule.md" }));
    return undefined;
  }
}
