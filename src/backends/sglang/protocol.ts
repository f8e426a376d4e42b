import { z } from "zod";
import type { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { type Input, number, type ReadNumbers } from "../model-server/protocol.ts";
import { tooLong } from "../upstream/too-long.ts";

/** The body of the native `POST /classify`, which names no model: a server has one. */
export function writeClassify(inputs: readonly Input[]): string {
  return JSON.stringify({ text: inputs.map(({ text }) => text) });
}

/** The body of `POST /v1/embeddings`. */
export function writeEmbeddings(model: string, inputs: readonly Input[]): string {
  return JSON.stringify({ model, input: inputs.map(({ text }) => text), encoding_format: "float" });
}

/** A reward model's head has one number; an embedding has hundreds. */
const one = z.array(number).length(1);
const entry = z.object({
  embedding: one,
  meta_info: z.object({ prompt_tokens: z.int().min(0).optional() }).nullish(),
  index: z.int().optional(),
});
const classified = z.union([z.array(entry), entry.transform((single) => [single])]);

/**
 * Reads the answer of the native `POST /classify`: an array in the order of the texts, or one object for one text. An entry that
 * says its own index is taken at its word.
 *
 * @returns undefined when it is no such answer, an embedding of many numbers among them
 */
export function readClassify(body: string): ReadNumbers | undefined {
  const parsed = classified.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const rows = parsed.data.map(({ embedding, meta_info, index }, place) => ({
    index: index ?? place,
    values: Float32Array.from(embedding),
    tokens: meta_info?.prompt_tokens,
  }));
  return { rows };
}

const embedded = z.object({
  data: z.array(z.object({ index: z.int(), embedding: one })),
  model: z.string().optional(),
  usage: z.object({ prompt_tokens: z.int().min(0) }).nullish(),
});

/** Reads the answer of `POST /v1/embeddings`: one number for each text, by index. @returns undefined when it is no such answer */
export function readEmbeddings(body: string): ReadNumbers | undefined {
  const parsed = embedded.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const { data, model, usage } = parsed.data;
  const rows = data.map(({ index, embedding }) => ({ index, values: Float32Array.from(embedding) }));
  return { rows, model, tokens: usage?.prompt_tokens };
}

const described = z.object({ model_path: z.string(), is_generation: z.boolean().optional() });

/** Where a server says what it runs; 0.5.6 has the first, older ones the second, which is deprecated. */
export const INFO_PATHS: readonly string[] = ["/model_info", "/get_model_info"];

/** Whether the answer of `GET /model_info` is that of a server with this model and a head that gives numbers. */
export function serves(body: string, model: string): boolean {
  const parsed = described.safeParse(parseJson(body));
  return parsed.success && parsed.data.model_path === model && parsed.data.is_generation !== true;
}

const nested = z.object({ error: z.object({ message: z.string() }) });
const flat = z.object({ message: z.string() });

/** A refusal for length as ITEM_TOO_LONG; undefined for any other. SGLang says it in words alone. */
export function explainRefusal(backend: string, body: string): GatewayError | undefined {
  const data = parseJson(body);
  const message = nested.safeParse(data).data?.error.message ?? flat.safeParse(data).data?.message ?? "";
  if (!/longer than the model|context length|maximum allowed length/i.test(message)) return undefined;
  return tooLong(backend);
}
