import { resolve } from "node:path";
import { openSecret } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import { inFolder } from "./in-folder.ts";
import { readText } from "./read-text.ts";
import type { Config } from "./schema.ts";

/** Keys of backends that are not where they should be, and the password of the store where a state needs one. */
export async function checkKeys({ backends, states, state, origin }: Config): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const { store } = state;
  if (store.type === "redis" && store.passwordFile !== undefined && Object.keys(states).length > 0) {
    const file = resolve(origin.folder, store.passwordFile);
    const remedy = "name a file that the gateway may read, or leave it out";
    const read = await readText(file, { cause: `${file} cannot be read`, remedy });
    if (typeof read !== "string") problems.push(origin.locate({ path: ["state", "store", "passwordFile"], ...read }));
  }
  for (const [name, backend] of Object.entries(backends)) {
    if (!("apiKey" in backend) || backend.apiKey === undefined) continue;
    const { apiKey } = backend;
    try {
      await openSecret(`the API key of backend "${name}"`, inFolder(apiKey, origin.folder));
    } catch (thrown) {
      if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
      problems.push(origin.locate({ path: ["backends", name, "apiKey"], cause: thrown.message, remedy: "or leave it out" }));
    }
  }
  return problems;
}
