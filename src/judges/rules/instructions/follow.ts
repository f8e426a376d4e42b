import { z } from "zod";
import { parseJson } from "../../../domain/json.ts";
import { type Check, INSTRUCTIONS, type Tools } from "./checks.ts";

/** IFEval's own form of a reference. Arguments that do not belong to an instruction are null or absent. */
const written = z.object({
  instruction_id_list: z.array(z.string()).min(1).max(50),
  kwargs: z.array(z.record(z.string(), z.unknown()).nullable()),
});

/** Arguments that texts are searched for. */
const SEARCHED = ["keywords", "keyword", "forbidden_words", "section_spliter", "postscript_marker"];
/** Most of them in one reference, and UTF-16 units of all of them: each is looked for in the whole of a text, and references are strangers'. */
const MAX_SEARCHED = 100;
const MAX_SEARCHED_LENGTH = 10_000;

/** An instruction that a reference gives, with the arguments that it gives with it. */
export interface GivenInstruction {
  /** Of IFEval, such as `punctuation:no_comma`. */
  readonly id: string;
  readonly check: Check;
}

/**
 * The instructions that a reference gives.
 *
 * @param reference JSON of IFEval: `{"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}`
 * @returns in order; null when it is no such JSON, names an unknown instruction, lacks arguments, or has texts searched for more phrases than
 *   100, or longer ones than 10,000 units in all
 * @complexity O(length), pure
 */
export function readInstructions(reference: string): GivenInstruction[] | null {
  const parsed = written.safeParse(parseJson(reference));
  if (!parsed.success || parsed.data.kwargs.length !== parsed.data.instruction_id_list.length) return null;
  const searched = parsed.data.kwargs.flatMap((args) => SEARCHED.flatMap((name) => args?.[name] ?? []));
  if (searched.length > MAX_SEARCHED || searched.join("").length > MAX_SEARCHED_LENGTH) return null;
  const instructions = parsed.data.instruction_id_list.map((id, i) => given(id, withoutNulls(parsed.data.kwargs[i] ?? {})));
  return instructions.every((instruction) => instruction !== null) ? instructions : null;
}

/**
 * Which instructions a text follows.
 *
 * @param loosely whether it is enough that the text follows one without its first line, its last line, its asterisks, or several of these,
 *   which are often only a frame around the answer
 * @returns in order; undefined where it cannot be told
 * @complexity O(length · instructions), pure
 * @see Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models, arXiv:2311.07911
 */
export function followed(text: string, instructions: readonly GivenInstruction[], loosely: boolean, tools: Tools): (boolean | undefined)[] {
  const readings = [...new Set(loosely ? looseReadings(text) : [text])].filter((reading) => reading.trim() !== "");
  return instructions.map(({ check }) => {
    const verdicts = readings.map((reading) => check(reading, tools));
    return verdicts.includes(undefined) ? undefined : verdicts.includes(true);
  });
}

function looseReadings(text: string): string[] {
  const lines = text.split("\n");
  const cuts = [lines, lines.slice(1), lines.slice(0, -1), lines.slice(1, -1)].map((kept) => kept.join("\n").trim());
  return [text, ...cuts, ...cuts.map((cut) => cut.replaceAll("*", ""))];
}

function given(id: string, args: object): GivenInstruction | null {
  if (!Object.hasOwn(INSTRUCTIONS, id)) return null;
  // Each instruction gets what its own schema read.
  const instruction = INSTRUCTIONS[id as keyof typeof INSTRUCTIONS] as { args: z.ZodType; check(args: unknown): Check };
  const parsed = instruction.args.safeParse(args);
  return parsed.success ? { id, check: instruction.check(parsed.data) } : null;
}

function withoutNulls(args: object): object {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
}
