import { z } from "zod";
import type { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { type Input, notFinite, number, type ReadNumbers } from "../model-server/protocol.ts";
import { tooLong } from "../upstream/too-long.ts";

/** Nothing is cut: the server would do so by its own default. */
const WHOLE = { truncate: false, truncation_direction: "Left", raw_scores: true } as const;

/** The body of `POST /predict`. Each text is wrapped: two bare strings would be a pair. */
export function writePredict(inputs: readonly Input[]): string {
  return JSON.stringify({ inputs: inputs.map(({ text }) => [text]), ...WHOLE });
}

/** The body of `POST /rerank`. */
export function writeRerank(inputs: readonly Input[]): string {
  return JSON.stringify({ query: inputs[0]!.query, texts: inputs.map(({ text }) => text), ...WHOLE, return_text: false });
}

const predicted = z.array(z.array(z.object({ score: number, label: z.string() })).length(1));

/**
 * Reads the answer of `POST /predict`: for each text, in their order, its labels; a reward model has one.
 *
 * @returns undefined when it is no such answer
 */
export function readPredict(body: string): ReadNumbers | undefined {
  const parsed = predicted.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  return { rows: parsed.data.map((labels, index) => ({ index, values: Float32Array.of(labels[0]!.score) })) };
}

const reranked = z.array(z.object({ index: z.int(), score: number }));

/** Reads the answer of `POST /rerank`: one score for each text, best first. @returns undefined when it is no such answer */
export function readRerank(body: string): ReadNumbers | undefined {
  const parsed = reranked.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  return { rows: parsed.data.map(({ index, score }) => ({ index, values: Float32Array.of(score) })) };
}

const labels = z.object({ id2label: z.record(z.string(), z.string()) });
const described = z.object({
  model_id: z.string(),
  model_type: z.union([z.object({ classifier: labels }), z.object({ reranker: labels })]),
});

/** Whether the answer of `GET /info` is that of a server with this model, and one label. Only a reranker takes pairs. */
export function serves(body: string, model: string, gives: "scores" | "pairs"): boolean {
  const parsed = described.safeParse(parseJson(body));
  if (!parsed.success || parsed.data.model_id !== model) return false;
  const { model_type: type } = parsed.data;
  if ("reranker" in type) return Object.keys(type.reranker.id2label).length === 1;
  return gives === "scores" && Object.keys(type.classifier.id2label).length === 1;
}

/** Over HTTP its kind stands beside it (`error_type`), over gRPC the status alone tells it. */
const refused = z.object({ error: z.string() });

/** A refusal for length as ITEM_TOO_LONG, and that of a text for which the model gave NaN as SCORE_NOT_FINITE; undefined for any other. */
export function explainRefusal(backend: string, body: string): GatewayError | undefined {
  const error = refused.safeParse(parseJson(body)).data?.error ?? "";
  if (/must have less than \d+ (tokens|characters)/i.test(error)) return tooLong(backend);
  if (/^score is NaN$/i.test(error)) return notFinite(backend);
  return undefined;
}
