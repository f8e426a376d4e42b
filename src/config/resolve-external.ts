import type { ExternalBackendOptions } from "../backends/index.ts";
import type { Judge } from "../domain/judge.ts";
import { createExternalJudge, EXTERNAL_VERSION, type ExternalConfig } from "../judges/external.ts";
import { digestOf } from "./digest.ts";
import { inFolder } from "./in-folder.ts";
import type { BackendConfig } from "./schema.ts";

type ExternalBackend = BackendConfig & { readonly type: "external" };

/** A service that has to be asked, for one judge or for several. */
export interface ExternalPlan {
  readonly name: string;
  /** What `createExternalBackend` needs, besides the name. */
  readonly external: Omit<ExternalBackendOptions, "name" | "clock" | "random" | "metrics" | "log">;
  readonly queue: BackendConfig["queue"];
}

/** The plan of a service with one judge more that it has to have, its paths made absolute. */
export function joinExternalPlan(
  known: ExternalPlan | undefined,
  { name, backend, folder }: { readonly name: string; readonly backend: ExternalBackend; readonly folder: string },
  expected: ExternalBackendOptions["expected"][number],
): ExternalPlan {
  const { type: _, queue, apiKey, ...external } = backend;
  const wanted = [...(known?.external.expected ?? []), expected];
  return { name, external: { ...external, apiKey: inFolder(apiKey, folder), expected: wanted }, queue };
}

/** Makes a judge that is a service of the user's own, and says what the service has to be for it. */
export function createExternal(name: string, external: ExternalConfig) {
  const { backend: _, description, license, ...params } = external;
  const revision = digestOf({ kind: "external", version: EXTERNAL_VERSION, params: { ...params, judge: params.judge ?? name } });
  const judge: Judge = createExternalJudge({ name, revision }, external);
  const expected = { name: params.judge ?? name, version: params.version, space: params.space };
  const about = description ?? `Judge ${expected.name} ${expected.version} of a service outside of the gateway.`;
  return { judge, description: about, license, expected };
}
