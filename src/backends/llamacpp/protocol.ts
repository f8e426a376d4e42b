import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { type Input, number, type ReadNumbers } from "../model-server/protocol.ts";

/** The body of `POST /v1/rerank`. It names no model: the server would repeat that name, and so names its own. */
export function writeRerank(inputs: readonly Input[]): string {
  return JSON.stringify({ query: inputs[0]!.query, documents: inputs.map(({ text }) => text), top_n: inputs.length });
}

/** What the server gives for a text that it could not score. */
const NO_SCORE = -1e6;

const reranked = z.object({
  model: z.string().optional(),
  results: z.array(z.object({ index: z.int(), relevance_score: number.refine((score) => !(score <= NO_SCORE)) })),
  usage: z.object({ prompt_tokens: z.int().min(0) }).nullish(),
});

/** Reads the answer of `POST /v1/rerank`: one score for each text, best first. @returns undefined when it is no such answer */
export function readRerank(body: string): ReadNumbers | undefined {
  const parsed = reranked.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const { results, model, usage } = parsed.data;
  const rows = results.map(({ index, relevance_score }) => ({ index, values: Float32Array.of(relevance_score) }));
  return { rows, model, tokens: usage?.prompt_tokens };
}

const refused = z.object({ error: z.object({ message: z.string(), type: z.string() }) });

/** A refusal for length as ITEM_TOO_LONG, of the context or of the batch that the server computes at once; undefined for any other. */
export function explainRefusal(backend: string, body: string): GatewayError | undefined {
  const error = refused.safeParse(parseJson(body)).data?.error;
  if (error?.type !== "exceed_context_size_error" && !/too large to process|physical batch size/i.test(error?.message ?? ""))
    return undefined;
  const message = `the item is longer than the model of backend "${backend}" reads at once; shorten it, or raise the server's -c, -b and -ub`;
  return new GatewayError("ITEM_TOO_LONG", message);
}
