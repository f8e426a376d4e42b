import { basename, dirname, resolve } from "node:path";
import type { OnnxBackendOptions } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { JudgeKind, JudgeSpec } from "../domain/judge.ts";
import { JUDGE_KINDS } from "../judges/index.ts";
import { type Bundle, type DigestCache, openBundle, type VerifiedFile } from "./bundle.ts";
import { digestOf } from "./digest.ts";
import { findingsOf } from "./issues.ts";
import type { Finding } from "./problems.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { BackendConfig, BundleJudgeConfig, Config } from "./schema.ts";
import { nameRemedy } from "./suggest.ts";

type OnnxConfig = BackendConfig & { readonly type: "onnx" };

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

/** What a judge of a bundle is made from, and what it adds to. */
interface Making {
  readonly config: Config;
  readonly digests: DigestCache;
  /** Models to open, by what their judges share. */
  readonly plans: Map<string, BackendPlan>;
  readonly problems: ConfigProblem[];
}

/**
 * Opens a bundle, makes its judge and plans its model.
 *
 * @returns undefined when the bundle cannot be used, or the configuration states what it does not take, which is added to `problems`
 */
export async function createBundleJudge(
  name: string,
  judge: BundleJudgeConfig,
  backend: OnnxConfig,
  making: Making,
): Promise<ResolvedJudge | undefined> {
  const { config, digests, plans, problems } = making;
  const opened = await openBundle(resolve(config.origin.folder, judge.bundle), digests);
  if ("problems" in opened) {
    const { line, column } = config.origin.locate({ path: ["judges", name, "bundle"], cause: "", remedy: "" });
    const from = ` (judges.${name}.bundle${line === undefined ? "" : `, line ${line}:${column}`})`;
    problems.push(...opened.problems.map((problem) => ({ ...problem, cause: problem.cause + from })));
    return undefined;
  }
  const plan = joinPlan(plans, name, judge, backend, opened.bundle);
  return createJudge(name, judge, plan.name, opened.bundle, making);
}

function createJudge(
  name: string,
  config: BundleJudgeConfig,
  backend: string,
  bundle: Bundle,
  { config: { origin }, problems }: Making,
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
  backend: OnnxConfig,
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
