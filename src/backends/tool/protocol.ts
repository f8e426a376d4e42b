import { z } from "zod";
import type { ToolCall } from "../../domain/backend.ts";
import { parseJson } from "../../domain/json.ts";

const answerSchema = z
  .object({ id: z.string().optional(), observation: z.string().optional(), error: z.string().optional() })
  .refine(({ observation, error }) => (observation === undefined) !== (error === undefined));

/** What a service said of a call. */
export interface ReadObservation {
  /** Id of the call that it speaks of, where it says. */
  readonly id: string | undefined;
  /** Whether the tool says that it could not do what it was asked. */
  readonly failed: boolean;
  readonly text: string;
}

/** The body of a request: the tool's name at the service, the input, and an id that a repeated request has again. */
export function writeToolCall({ tool, input }: ToolCall, id: string): string {
  return JSON.stringify({ tool, input, id });
}

/** Reads `{ "observation": "…" }` or `{ "error": "…" }`, and no other form. @returns undefined when the text is neither */
export function readObservation(text: string): ReadObservation | undefined {
  const { success, data } = answerSchema.safeParse(parseJson(text));
  if (!success) return undefined;
  const { id, observation, error } = data;
  return { id, failed: error !== undefined, text: (observation ?? error!).toWellFormed() };
}
