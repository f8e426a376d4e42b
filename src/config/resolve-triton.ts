import { resolve } from "node:path";
import { createTokenDecoder, type TokenDecoder } from "../backends/index.ts";
import type { ConfigProblem } from "../domain/errors.ts";
import { readText, type Unreadable } from "./read-text.ts";
import type { Config } from "./schema.ts";

/**
 * The tokenizer of clients that send token ids to the wire `triton`; a file that cannot be read, or is no tokenizer, is a problem.
 *
 * @returns undefined where the configuration names none, or a wrong one
 */
export async function resolveTokenDecoder({ wires, origin }: Config, problems: ConfigProblem[]): Promise<TokenDecoder | undefined> {
  const file = wires.triton?.tokenizer;
  if (file === undefined) return undefined;
  const remedy = "name the tokenizer.json of the policy whose tokens are sent, relative to this file";
  const report = (found: Unreadable) => void problems.push(origin.locate({ path: ["wires", "triton", "tokenizer"], ...found }));
  const none = { cause: "cannot be read as a tokenizer.json", remedy };
  const text = await readText(resolve(origin.folder, file), none);
  if (typeof text !== "string") return report(text);
  try {
    return createTokenDecoder(text);
  } catch {
    return report(none);
  }
}
