import type { ToolBackendOptions } from "../backends/index.ts";
import type { ConfigProblem } from "../domain/errors.ts";
import { type CritiqueConfig, toolsOf } from "../judges/critique.ts";
import { inFolder } from "./in-folder.ts";
import type { BackendConfig, Config } from "./schema.ts";

/** A service of tools that has to be opened, for one judge or for several. */
export interface ToolPlan {
  readonly name: string;
  /** What `createToolBackend` needs, besides the name. */
  readonly tools: Omit<ToolBackendOptions, "name" | "clock" | "random" | "metrics" | "log">;
  readonly queue: BackendConfig["queue"];
}

/**
 * What of a judge's tools decides an answer, for its revision: names, what the model is told of them, and the addresses that run them.
 *
 * @returns undefined when a backend runs no tools, which is added to `problems`
 */
export function describeTools(
  name: string,
  written: NonNullable<CritiqueConfig["tools"]>,
  { backends, origin }: Config,
  problems: ConfigProblem[],
): readonly object[] | undefined {
  const tools = toolsOf(written).map(({ service, ...tool }) => {
    if (service === undefined) return { ...tool, type: "calculator" };
    const backend = backends[service.backend]!;
    if (backend.type === "tool") return { ...tool, type: "service", tool: service.tool, addresses: [backend.url].flat() };
    const cause = `backend "${service.backend}" runs no tools`;
    const path = ["judges", name, "tools", tool.name, "backend"];
    problems.push(origin.locate({ path, cause, remedy: "name a backend of type tool" }));
    return undefined;
  });
  return tools.every((tool) => tool !== undefined) ? tools : undefined;
}

/** The services that a judge's tools run on, with their paths made absolute. */
export function toolPlans({ tools = {} }: Pick<CritiqueConfig, "tools">, { backends, origin }: Config): ToolPlan[] {
  return toolsOf(tools).flatMap(({ service }): ToolPlan[] => {
    const backend = service === undefined ? undefined : backends[service.backend];
    if (backend?.type !== "tool") return [];
    const { type: _, queue, apiKey, ...options } = backend;
    return [{ name: service!.backend, tools: { ...options, apiKey: inFolder(apiKey, origin.folder) }, queue }];
  });
}
