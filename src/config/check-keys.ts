import { resolve } from "node:path";
import { openSecret } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import type { Config } from "./schema.ts";

/** Keys of backends that are not where they should be. */
export async function checkKeys({ backends, origin }: Pick<Config, "backends" | "origin">): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  for (const [name, backend] of Object.entries(backends)) {
    if (!("apiKey" in backend) || backend.apiKey === undefined) continue;
    const { apiKey } = backend;
    try {
      await openSecret(`the API key of backend "${name}"`, "file" in apiKey ? { file: resolve(origin.folder, apiKey.file) } : apiKey);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
      problems.push(origin.locate({ path: ["backends", name, "apiKey"], cause: thrown.message, remedy: "or leave it out" }));
    }
  }
  return problems;
}
