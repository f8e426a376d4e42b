import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { Panel } from "../domain/panel.ts";
import { digestOf } from "./digest.ts";
import { configInvalid } from "./problems.ts";
import { type BackendPlan, type ResolvedJudge, resolveJudges } from "./resolve-judges.ts";
import { resolvePanel } from "./resolve-panel.ts";
import type { Config } from "./schema.ts";
import { nearest } from "./suggest.ts";

export type { BackendPlan, ResolvedJudge } from "./resolve-judges.ts";

/** A configuration turned into judges and panels; nothing is loaded yet. */
export interface Resolved {
  /** In the order of the configuration. */
  readonly judges: readonly ResolvedJudge[];
  /** Models to open before any judge can be asked. */
  readonly backends: readonly BackendPlan[];
  readonly panels: readonly Panel[];
  /** Digest of everything that decides an answer or an address. */
  readonly configDigest: string;
}

/**
 * Opens every bundle, checks it, and makes judges and panels from a configuration.
 *
 * @param only names of panels; their judges alone are opened then
 * @throws {GatewayError} CONFIG_INVALID with every problem of the bundles and the panels; PANEL_NOT_FOUND for an unknown name in `only`
 */
export async function resolve(config: Config, only?: readonly string[]): Promise<Resolved> {
  const names = only ?? Object.keys(config.panels);
  for (const name of names) {
    if (Object.hasOwn(config.panels, name)) continue;
    const known = Object.keys(config.panels);
    const suggestions = nearest(name, known);
    throw new GatewayError("PANEL_NOT_FOUND", `no panel "${name}"; there are: ${known.join(", ")}`, { details: { suggestions } });
  }
  const problems: ConfigProblem[] = [];
  const wanted = only && new Set(names.flatMap((name) => config.panels[name]!.members.map(({ judge }) => judge)));
  const { judges, backends } = await resolveJudges(config, wanted, problems);
  const panels: Panel[] = [];
  for (const name of names) {
    const panel = await resolvePanel(name, config, judges, problems);
    if (panel !== undefined) panels.push(panel);
  }
  if (problems.length > 0) throw configInvalid(problems);
  const { origin: _, ...settings } = config;
  const configDigest = digestOf({
    settings,
    judges: [...judges.values()].map(({ judge }) => judge.revision),
    panels: panels.map(({ revision }) => revision),
  });
  return { judges: [...judges.values()], backends, panels, configDigest };
}
