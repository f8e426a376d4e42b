import type { TokenDecoder } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { Panel, Router } from "../domain/panel.ts";
import type { ProbeSuite } from "../domain/probe.ts";
import type { ReferenceBaseline } from "../domain/run.ts";
import { defineState } from "../state/kinds/index.ts";
import { digestOf } from "./digest.ts";
import { isRouting, type MemberConfig } from "./panel-schema.ts";
import { resolveProbes } from "./probe-file.ts";
import { configInvalid } from "./problems.ts";
import type { BackendPlan } from "./resolve-bundle-judge.ts";
import { type ChatPlan, chatPlan } from "./resolve-chat-judge.ts";
import { resolveDrift } from "./resolve-drift.ts";
import type { ExternalPlan } from "./resolve-external.ts";
import { resolveJudges } from "./resolve-judges.ts";
import type { LogprobsPlan } from "./resolve-likelihood.ts";
import { resolvePanel } from "./resolve-panel.ts";
import { artefactIn, createReferenceShelf } from "./resolve-reference.ts";
import { resolveRouter } from "./resolve-router.ts";
import type { EnginePlan } from "./resolve-served-judge.ts";
import type { ToolPlan } from "./resolve-tools.ts";
import { resolveTokenDecoder } from "./resolve-triton.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { Config } from "./schema.ts";
import { nearest } from "./suggest.ts";

export type { BackendPlan } from "./resolve-bundle-judge.ts";
export type { ResolvedJudge } from "./resolved-judge.ts";

/** A configuration turned into judges and panels; nothing is loaded yet. */
export interface Resolved {
  /** In the order of the configuration. */
  readonly judges: readonly ResolvedJudge[];
  /** Models to open before any judge can be asked. */
  readonly backends: readonly BackendPlan[];
  /** Chat servers that judges ask. */
  readonly chats: readonly ChatPlan[];
  /** Engines that judges ask. */
  readonly engines: readonly EnginePlan[];
  /** Services that judge. */
  readonly services: readonly ExternalPlan[];
  /** Engines that are asked how likely texts are. */
  readonly likelihoods: readonly LogprobsPlan[];
  /** Services that run tools for judges. */
  readonly tools: readonly ToolPlan[];
  /** In the order of the configuration; with a table, the panels that it leads to. */
  readonly panels: readonly (Panel | Router)[];
  /** What the statistics of runs hold panels against, by panel; empty where only some panels were asked for. */
  readonly baselines: ReadonlyMap<string, ReferenceBaseline>;
  /** Probes to score beside the traffic; none where only some panels were asked for. */
  readonly probes: readonly ProbeSuite[];
  /** Tells the text of clients that send token ids, where the configuration names its tokenizer and all panels were asked for. */
  readonly tokenDecoder: TokenDecoder | undefined;
  /** Digest of everything that decides an answer or an address. */
  readonly configDigest: string;
}

/** @throws {GatewayError} PANEL_NOT_FOUND when the configuration has no panel of that name */
export function requirePanel({ panels }: Config, name: string): void {
  if (Object.hasOwn(panels, name)) return;
  const known = Object.keys(panels);
  const suggestions = nearest(name, known);
  throw new GatewayError("PANEL_NOT_FOUND", `no panel "${name}"; there are: ${known.join(", ")}`, { details: { suggestions } });
}

/**
 * Opens every bundle, checks it, and makes judges and panels from a configuration.
 *
 * @param only names of panels; their judges alone are opened then
 * @param found problems that the caller knows of, to be told with the others
 * @throws {GatewayError} CONFIG_INVALID with every problem of the bundles and the panels; PANEL_NOT_FOUND for an unknown name in `only`
 */
export async function resolve(config: Config, only?: readonly string[], found: readonly ConfigProblem[] = []): Promise<Resolved> {
  const names = only ?? Object.keys(config.panels);
  for (const name of names) requirePanel(config, name);
  const problems: ConfigProblem[] = [...found];
  const reached = withTargets(config, names);
  const wanted = only && new Set(reached.flatMap((name) => judgesOf(config, name)).flatMap((judge) => [judge, ...headOf(config, judge)]));
  const { judges, backends, chats, engines, services, likelihoods, tools } = await resolveJudges(config, wanted, problems);
  const relayed = only === undefined ? relayedPlan(config, chats, problems) : undefined;
  const references = createReferenceShelf(config, problems);
  // Without a choice of panels the whole file is checked, and with it artefacts that no panel names.
  if (only === undefined) for (const name of references.names) await references.open(name);
  const sources = {
    config,
    judges,
    references,
    states: new Map(Object.entries(config.states).map(([state, written]) => [state, defineState(written)])),
  };
  const panels = new Map<string, Panel | Router>();
  for (const name of reached) {
    const written = config.panels[name]!;
    // Panels come before the tables that lead to them, whose revision depends on theirs.
    const panel = isRouting(written)
      ? resolveRouter(name, written, (target) => panels.get(target)?.revision ?? "")
      : await resolvePanel(name, written, sources, problems);
    if (panel !== undefined) panels.set(name, panel);
  }
  // A command that scores some panels has no runs, and may be building the very reference that is missing.
  const baselines = only === undefined ? await resolveDrift(config, panels, references, problems) : new Map<string, ReferenceBaseline>();
  const probes = only === undefined ? await resolveProbes(config, panels, problems) : [];
  const tokenDecoder = only === undefined ? await resolveTokenDecoder(config, problems) : undefined;
  if (problems.length > 0) throw configInvalid(problems);
  const { origin: _, ...settings } = config;
  const configDigest = digestOf({
    settings,
    judges: [...judges.values()].map(({ judge }) => judge.revision),
    panels: [...panels.values()].map(({ revision }) => revision),
  });
  const inOrder = Object.keys(config.panels).flatMap((name) => panels.get(name) ?? []);
  const opened = { backends, chats: relayed === undefined ? chats : [...chats, relayed], engines, services, likelihoods, tools };
  return { ...opened, judges: [...judges.values()], panels: inOrder, baselines, probes, tokenDecoder, configDigest };
}

/** The chat server of the wire `chat`, where no judge asks it anyway. */
function relayedPlan({ wires, backends, origin }: Config, chats: readonly ChatPlan[], problems: ConfigProblem[]): ChatPlan | undefined {
  const name = wires.chat?.backend;
  if (name === undefined || chats.some((plan) => plan.name === name)) return undefined;
  const backend = backends[name]!;
  if (backend.type === "openai") return chatPlan(name, backend, origin.folder);
  const remedy = "name a backend of type openai";
  problems.push(origin.locate({ path: ["wires", "chat", "backend"], cause: `backend "${name}" answers no chat`, remedy }));
  return undefined;
}

/** The panels and everything that they route to, each after all of its targets. */
function withTargets(config: Config, names: readonly string[]): string[] {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    const panel = config.panels[name];
    if (panel === undefined || reached.has(name)) return;
    if (isRouting(panel)) for (const target of [...panel.routes.map((route) => route.panel), panel.otherwise]) visit(target);
    reached.add(name);
  };
  for (const name of names) visit(name);
  return [...reached];
}

function judgesOf(config: Config, name: string): string[] {
  const panel = config.panels[name]!;
  if (isRouting(panel)) return [];
  const readings = [...panel.members, ...(panel.constraints?.judges ?? [])];
  return readings.flatMap(({ judge, calibration }) => [judge, ...targetsOf(calibration)]);
}

/** The judge that a judge asks after its own question, where it does. */
function headOf({ judges }: Config, name: string): string[] {
  const judge = judges[name];
  return judge !== undefined && "head" in judge ? [judge.head] : [];
}

/** Judges whose scale a calibration leads to. */
function targetsOf(calibration: MemberConfig["calibration"]): string[] {
  if (typeof calibration !== "object") return [];
  return Object.values(calibration).flatMap((value) => artefactIn(value)?.judge ?? []);
}
