import { basename, dirname, resolve } from "node:path";
import { CHAT_SERVERS, MODEL_SERVERS, type OnnxBackendOptions } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { JudgeKind, JudgeSpec } from "../domain/judge.ts";
import { JUDGE_KINDS } from "../judges/index.ts";
import { createRuleJudge, type RuleConfig, ruleFacts } from "../judges/rule.ts";
import { type Bundle, type DigestCache, openBundle, type VerifiedFile } from "./bundle.ts";
import { digestOf } from "./digest.ts";
import { findingsOf } from "./issues.ts";
import type { Finding } from "./problems.ts";
import { type ChatPlan, chatPlan, createChatJudge, isChatServer } from "./resolve-chat-judge.ts";
import { createExternal, type ExternalPlan, joinExternalPlan } from "./resolve-external.ts";
import { createLikelihood, type LogprobsPlan } from "./resolve-likelihood.ts";
import { createServedJudge, type EnginePlan, enginePlan, isEngine, isServed } from "./resolve-served-judge.ts";
import { type ToolPlan, toolPlans } from "./resolve-tools.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { BackendConfig, BundleJudgeConfig, Config } from "./schema.ts";
import { nameRemedy } from "./suggest.ts";

/** A model that has to be opened once, for one judge or for several that read the same graph. */
export interface BackendPlan {
  /** `<backend>/<folder of the graph>`: what judges name as their backend, and the label of its metrics. */
  readonly name: string;
  /** What `createOnnxBackend` needs, besides the name. */
  readonly onnx: Omit<OnnxBackendOptions, "name" | "metrics" | "log">;
  readonly queue: BackendConfig["queue"];
  /** Its judges, in the order of the configuration. */
  readonly judges: readonly string[];
}

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
  const { origin } = config;
  const digests: DigestCache = new Map();
  const judges = new Map<string, ResolvedJudge>();
  const plans = new Map<string, BackendPlan>();
  const chats = new Map<string, ChatPlan>();
  const engines = new Map<string, EnginePlan>();
  const services = new Map<string, ExternalPlan>();
  const likelihoods = new Map<string, LogprobsPlan>();
  const tools = new Map<string, ToolPlan>();
  const written = Object.entries(config.judges);
  const asksAnother = ([, judge]: (typeof written)[number]) => "kind" in judge && judge.kind === "critiqued";
  // Judges that ask others are made of them, so they come last.
  for (const [name, judge] of [...written.filter((entry) => !asksAnother(entry)), ...written.filter(asksAnother)]) {
    if (only !== undefined && !only.has(name)) continue;
    if ("rule" in judge) {
      const rule = await createRule(name, judge, config, problems);
      if (rule !== undefined) judges.set(name, rule);
      continue;
    }
    const backend = config.backends[judge.backend]!;
    if ("kind" in judge && judge.kind === "external") {
      if (backend.type !== "external") {
        const remedy = "name a backend of type external";
        problems.push(misplaced(config, name, `backend "${judge.backend}" is no service that judges`, remedy));
        continue;
      }
      const { expected, ...external } = createExternal(name, judge);
      judges.set(name, { ...external, goldens: [], goldenTolerance: 0, goldenJudge: external.judge });
      const reached = { name: judge.backend, backend, folder: origin.folder };
      services.set(judge.backend, joinExternalPlan(services.get(judge.backend), reached, expected));
      continue;
    }
    if ("kind" in judge && judge.kind === "likelihood") {
      if (backend.type !== "logprobs") {
        const remedy = "name a backend of type logprobs";
        problems.push(misplaced(config, name, `backend "${judge.backend}" does not tell how likely a text is`, remedy));
        continue;
      }
      const made = await createLikelihood(name, judge, backend, config, problems);
      if (made === undefined) continue;
      judges.set(name, made.judge);
      likelihoods.set(judge.backend, made.plan);
      continue;
    }
    if ("kind" in judge && isServed(judge)) {
      if (!isEngine(backend)) {
        const remedy = `name one of type ${MODEL_SERVERS.join(", ")}`;
        problems.push(misplaced(config, name, `backend "${judge.backend}" is no engine that serves a reward model`, remedy));
        continue;
      }
      const served = await createServedJudge(name, judge, backend, config, problems);
      if (served === undefined) continue;
      judges.set(name, served);
      engines.set(judge.backend, enginePlan(judge.backend, backend, origin.folder));
      continue;
    }
    if ("kind" in judge) {
      if (!isChatServer(backend)) {
        const remedy = `name a backend of type ${CHAT_SERVERS.join(" or ")}`;
        problems.push(misplaced(config, name, `backend "${judge.backend}" answers no chat`, remedy));
        continue;
      }
      const made = await createChatJudge(name, judge, backend, { config, judges, problems });
      if (made === undefined) continue;
      judges.set(name, { ...made, goldens: [], goldenTolerance: 0, goldenJudge: made.judge });
      chats.set(judge.backend, chatPlan(judge.backend, backend, origin.folder));
      if (judge.kind === "critique") for (const plan of toolPlans(judge, config)) tools.set(plan.name, plan);
      continue;
    }
    if (backend.type !== "onnx") {
      problems.push(misplaced(config, name, `backend "${judge.backend}" runs no graph`, "name a backend of type onnx"));
      continue;
    }
    const opened = await openBundle(resolve(origin.folder, judge.bundle), digests);
    if ("problems" in opened) {
      const { line, column } = origin.locate({ path: ["judges", name, "bundle"], cause: "", remedy: "" });
      const from = ` (judges.${name}.bundle${line === undefined ? "" : `, line ${line}:${column}`})`;
      problems.push(...opened.problems.map((problem) => ({ ...problem, cause: problem.cause + from })));
      continue;
    }
    const plan = joinPlan(plans, name, judge, backend, opened.bundle);
    const resolved = createJudge(name, judge, plan.name, opened.bundle, config, problems);
    if (resolved !== undefined) judges.set(name, resolved);
  }
  return {
    judges: new Map(written.flatMap(([name]) => (judges.has(name) ? [[name, judges.get(name)!] as const] : []))),
    backends: [...plans.values()],
    chats: [...chats.values()],
    engines: [...engines.values()],
    services: [...services.values()],
    likelihoods: [...likelihoods.values()],
    tools: [...tools.values()],
  };
}

function misplaced({ origin }: Config, judge: string, cause: string, remedy: string): ConfigProblem {
  return origin.locate({ path: ["judges", judge, "backend"], cause, remedy });
}

async function createRule(name: string, rule: RuleConfig, config: Config, problems: ConfigProblem[]): Promise<ResolvedJudge | undefined> {
  const { description, version } = ruleFacts(rule);
  try {
    const judge = await createRuleJudge({ name, revision: digestOf({ kind: "rule", rule, version }) }, rule);
    return { judge, description, license: "", goldens: [], goldenTolerance: 0, goldenJudge: judge };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
    problems.push(config.origin.locate({ path: ["judges", name], cause: thrown.message, remedy: "correct it: docs/judges/rule.md" }));
    return undefined;
  }
}

function createJudge(
  name: string,
  config: BundleJudgeConfig,
  backend: string,
  bundle: Bundle,
  { origin }: Config,
  problems: ConfigProblem[],
): ResolvedJudge | undefined {
  const { spec, kindParams, locate } = bundle;
  const kinds: Readonly<Record<string, JudgeKind>> = JUDGE_KINDS;
  const kind = Object.hasOwn(kinds, spec.kind) ? kinds[spec.kind] : undefined;
  if (kind === undefined) {
    const remedy = nameRemedy(spec.kind, Object.keys(kinds), "");
    problems.push(locate({ path: ["kind"], cause: `no judge kind "${spec.kind}"`, remedy }));
    return undefined;
  }
  const params = kind.params.safeParse(kindParams);
  if (!params.success) {
    for (const { path, ...rest } of findingsOf(params.error.issues, kind.params, kindParams)) {
      problems.push(locate({ path: path[0] === "outputs" ? ["model", ...path] : path, ...rest }));
    }
    return undefined;
  }
  const used = withStated(kind, kindParams, config.params);
  if ("findings" in used) {
    problems.push(...used.findings.map(({ path, ...rest }) => origin.locate({ path: ["judges", name, "params", ...path], ...rest })));
    return undefined;
  }
  const base: Omit<JudgeSpec, "overlong" | "revision"> = {
    name,
    backend,
    template: spec.model.template,
    space: spec.space,
    determinism: spec.determinism,
  };
  const create = (overlong: JudgeSpec["overlong"], own: unknown, stated: BundleJudgeConfig["params"]) => {
    const facts = { bundle: bundle.digest, kind: kind.kind, overlong, ...(stated && { params: stated }) };
    return kind.create({ ...base, overlong, revision: digestOf(facts) }, own);
  };
  try {
    return {
      judge: create(config.overlong, used.params, config.params),
      description: spec.description,
      license: spec.license,
      goldens: bundle.golden,
      goldenTolerance: spec.goldenTolerance,
      goldenJudge: create("truncate", params.data, undefined),
      bundle,
    };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
    problems.push(locate({ path: ["model", "template"], cause: thrown.message, remedy: "correct the bundle" }));
    return undefined;
  }
}

/** The parameters of a bundle with those that the configuration states, or what is wrong with these. */
function withStated(
  kind: JudgeKind,
  own: Bundle["kindParams"],
  stated: BundleJudgeConfig["params"] = {},
): { params: unknown } | { findings: Finding[] } {
  const settable = kind.settable ?? [];
  const foreign = Object.keys(stated).filter((key) => !settable.includes(key));
  if (foreign.length > 0) {
    const remedy = settable.length > 0 ? `a configuration may set ${settable.join(", ")}` : "leave it out";
    return { findings: foreign.map((key) => ({ path: [key], cause: `belongs to the bundle of a judge of kind ${kind.kind}`, remedy })) };
  }
  const all = { ...own, ...stated };
  const parsed = kind.params.safeParse(all);
  return parsed.success ? { params: parsed.data } : { findings: findingsOf(parsed.error.issues, kind.params, all) };
}

/** The plan that this judge shares with others of the same graph, tokenizer, inputs, length and backend. */
function joinPlan(
  plans: Map<string, BackendPlan>,
  judge: string,
  config: BundleJudgeConfig,
  backend: BackendConfig & { readonly type: "onnx" },
  bundle: Bundle,
): BackendPlan {
  const { graph, weights, tokenizer, spec } = bundle;
  const { inputs, maxTokens } = spec.model;
  const key = digestOf([config.backend, graph.sha256, weights?.sha256, tokenizer.sha256, inputs, maxTokens]);
  const known = plans.get(key);
  const wanted = Object.values(bundle.kindParams.outputs as Record<string, string>);
  const { type: _, queue, ...params } = backend;
  const plan: BackendPlan = {
    name: known?.name ?? freeName(plans, config.backend, graph),
    onnx: {
      ...params,
      graphPath: graph.path,
      graphSha256: graph.sha256,
      ...(weights && { weights }),
      tokenizerPath: tokenizer.path,
      tokenizerSha256: tokenizer.sha256,
      inputs,
      outputs: unique([...(known?.onnx.outputs ?? []), ...wanted]),
      maxTokens,
      // One judge that promises nothing about batch-mates makes every call run alone.
      batchable: (known?.onnx.batchable ?? true) && spec.determinism.class !== "none",
    },
    queue,
    judges: [...(known?.judges ?? []), judge],
  };
  plans.set(key, plan);
  return plan;
}

function freeName(plans: ReadonlyMap<string, BackendPlan>, backend: string, graph: VerifiedFile): string {
  const name = `${backend}/${basename(dirname(graph.path))}`;
  const taken = [...plans.values()].some((plan) => plan.name === name);
  return taken ? `${name}-${graph.sha256.slice(0, 8)}-${plans.size}` : name;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
