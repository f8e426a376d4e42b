import { z } from "zod";

/** A count in a chat or in its answer. */
export const count = z.int().min(0);

const answerSchema = z.looseObject({
  model: z.string().optional().catch(undefined),
  // Servers that do not count write 0.
  usage: z
    .looseObject({ total_tokens: count.min(1) })
    .nullish()
    .catch(undefined),
});

/** What is read of a chat server's answer that is handed on. */
export interface RelayedFacts {
  /** Read and written, where the server counts them. */
  readonly tokens: number | undefined;
  /** In whose name the server answered, where it says. */
  readonly model: string | undefined;
}

/** The facts in a text, or undefined where it is no JSON object. */
export function readRelayed(text: string): RelayedFacts | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = answerSchema.safeParse(data);
  return parsed.success ? { tokens: parsed.data.usage?.total_tokens, model: parsed.data.model } : undefined;
}
