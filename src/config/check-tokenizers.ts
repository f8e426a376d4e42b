import { resolve } from "node:path";
import { createSegmentTokenizer } from "../backends/index.ts";
import { type ConfigProblem, GatewayError } from "../domain/errors.ts";
import { readText } from "./read-text.ts";
import type { Config } from "./schema.ts";

/** Tokenizers of backends that are there and cannot be used. It takes as long as opening them, which is why a start leaves it to the backend. */
export async function checkTokenizers({ backends, origin }: Pick<Config, "backends" | "origin">): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  for (const [name, backend] of Object.entries(backends)) {
    if (backend.type !== "logprobs") continue;
    const json = await readText(resolve(origin.folder, backend.tokenizer.file), "");
    if (typeof json !== "string") continue;
    try {
      createSegmentTokenizer(json);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError) || thrown.reason !== "CONFIG_INVALID") throw thrown;
      const remedy = "name the tokenizer.json of the model";
      problems.push(origin.locate({ path: ["backends", name, "tokenizer", "file"], cause: thrown.message, remedy }));
    }
  }
  return problems;
}
