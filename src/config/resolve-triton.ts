import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createTokenDecoder, type TokenDecoder } from "../backends/index.ts";
import type { ConfigProblem } from "../domain/errors.ts";
import { configInvalid } from "./problems.ts";
import type { Config } from "./schema.ts";

/**
 * The tokenizer of clients that send token ids to the wire `triton`.
 *
 * @returns undefined where the configuration names none
 * @throws {GatewayError} CONFIG_INVALID when the file cannot be read, or is no tokenizer
 */
export async function resolveTokenDecoder(config: Config): Promise<TokenDecoder | undefined> {
  const problems: ConfigProblem[] = [];
  const decoder = await openTokenDecoder(config, problems);
  if (problems.length > 0) throw configInvalid(problems);
  return decoder;
}

/** The same, for who looks for every problem of a configuration. */
export async function openTokenDecoder({ wires, origin }: Config, problems: ConfigProblem[]): Promise<TokenDecoder | undefined> {
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
