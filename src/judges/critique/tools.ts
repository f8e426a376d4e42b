import type { ToolAnswer } from "../../domain/backend.ts";
import type { GatewayError } from "../../domain/errors.ts";
import { presentable } from "../../domain/presentable.ts";
import { evaluateArithmetic } from "../rules/arithmetic.ts";
import type { ToolConfig } from "./tool-params.ts";

/** A tool that a judge's model may use, under the name that the model knows. */
export interface Tool {
  readonly name: string;
  /** What the model is told of it. */
  readonly description: string;
  /** Where it runs; absent for one that is part of the gateway. */
  readonly service?: { readonly backend: string; readonly tool: string };
  /** Whether the same input always has the same answer. */
  readonly deterministic: boolean;
}

/** What the model was told when it had asked for a tool. */
export interface Observation {
  /** Whether there is nothing to go by: the tool said so, could not be asked, or does not exist. */
  readonly failed: boolean;
  /** Untrusted, as everything that a tool says. */
  readonly text: string;
  /** Milliseconds that the tool took, where it answered. */
  readonly elapsedMs?: number;
}

/** UTF-16 units of an input that a tool is given, and of an answer that the model is told. */
const LONGEST_INPUT = 4_000;
const LONGEST_OBSERVATION = 4_000;

/** The tools of a configuration, in its order. */
export function toolsOf(tools: Readonly<Record<string, ToolConfig>>): Tool[] {
  return Object.entries(tools).map(([name, tool]) =>
    tool.type === "calculator"
      ? { name, description: tool.description, deterministic: true }
      : {
          name,
          description: tool.description,
          deterministic: tool.deterministic,
          service: { backend: tool.backend, tool: tool.tool ?? name },
        },
  );
}

/**
 * What is known without asking anybody: what the calculator says, or why no tool can be asked.
 *
 * @param tool  undefined when there is none of the name that the model wrote
 * @param names of the tools that there are
 * @returns undefined when the tool's service has to be asked
 */
export function observeHere(tool: Tool | undefined, input: string, names: readonly string[]): Observation | undefined {
  if (tool === undefined) return failure(`There is no such tool. The tools are: ${names.join(", ")}.`);
  if (input.length > LONGEST_INPUT) return failure(`The input is longer than ${LONGEST_INPUT} characters.`);
  return tool.service === undefined ? calculate(input) : undefined;
}

/** What the calculator says of an expression. Digits beyond the fifteenth, which doubles do not hold, are rounded away. */
function calculate(input: string): Observation {
  const value = evaluateArithmetic(input);
  if (value === null) return failure("This is no arithmetic expression of at most 200 characters, or it has no finite value.");
  return { failed: false, text: String(Number(value.toPrecision(15))) };
}

/** What the model is told of a service's answer. */
export function observationOf({ failed, text, elapsedMs }: ToolAnswer): Observation {
  const shown = presentable(text, LONGEST_OBSERVATION);
  const whole = text.length <= LONGEST_OBSERVATION;
  return { failed, text: whole ? shown : `${shown}\n(The rest is left out.)`, elapsedMs: Math.round(elapsedMs) };
}

/** What the model is told for each reason for which a service's answer is missing; any other is a failure of the judge itself. */
const TOLD: Partial<Record<GatewayError["reason"], string>> = {
  BACKEND_UNAVAILABLE: "The tool did not answer.",
  BACKEND_REFUSED: "The tool refused to answer.",
  JUDGE_OUTPUT_UNREADABLE: "The tool gave an answer that cannot be read.",
};

/** What the model is told when a service could not be asked, or undefined when that is no matter of the tool. */
export function observationOfError({ reason }: GatewayError): Observation | undefined {
  const told = TOLD[reason];
  return told === undefined ? undefined : failure(told);
}

function failure(text: string): Observation {
  return { failed: true, text };
}
