import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createTokenDecoder, type TokenDecoder } from "../backends/index.ts";
import type { ConfigProblem } from "../domain/errors.ts";
import type { Config } from "./schema.ts";

/**
 * The tokenizer of clients that send token ids to the wire `triton`; a file that cannot be read, or is no tokenizer, is a problem.
 *
 * @returns undefined where the configuration names none, or a wrong one
 */
export async function resolveTokenDecoder({ wires, origin }: Config, problems: ConfigProblem[]): Promise<TokenDecoder | undefined> {
  const file = wires.triton?.tokenizer;
  if (file === undefined) return undefined;
  try {
    return createTokenDecoder(await readFile(resolve(origin.folder, file), "utf8"));
  } catch {
    const cause = "cannot be read as a tokenizer.json";
    const remedy = "name the tokenizer.json of the policy whose tokens are sent, relative to this file";
    problems.push(origin.locate({ path: ["wires", "triton", "tokenizer"], cause, remedy }));
    return undefined;
  }
}
