import { z } from "zod";
import type { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { type Input, notFinite, type ReadNumbers } from "../model-server/protocol.ts";
import { tooLong } from "../upstream/too-long.ts";

/**
 * Fields that ask for raw scores. Releases call it otherwise, and ignore a name that they do not know; one that refuses two names gets
 * them one by one.
 */
export const RAW_DIALECTS: readonly Readonly<Record<string, false>>[] = [
  { use_activation: false, activation: false },
  { use_activation: false },
  { activation: false },
];

/** The body of `POST /classify` about one text. The text holds every special token already. */
export function writeClassify(model: string, { text }: Input, dialect: Readonly<Record<string, false>>): string {
  return JSON.stringify({ model, input: text, add_special_tokens: false, ...dialect });
}

/** The body of `POST /score` about one text as the answer to a query; the server joins the two as its model reads them. */
export function writeScore(model: string, { query, text }: Input, dialect: Readonly<Record<string, false>>): string {
  return JSON.stringify({ model, text_1: query, text_2: text, ...dialect });
}

/** The body of `POST /pooling` about the steps of one text. */
export function writePooling(model: string, { text }: Input): string {
  return JSON.stringify({ model, input: text, add_special_tokens: false, task: "token_classify", encoding_format: "float" });
}

const usage = z.object({ prompt_tokens: z.int().min(0) }).nullish();
const index = z.int().min(0);
const model = z.string().optional();
const classified = z.object({ data: z.array(z.object({ index, probs: z.array(z.number()).length(1) })), model, usage });
const compared = z.object({ data: z.array(z.object({ index, score: z.number() })), model, usage });
const probability = z.number().min(0).max(1);
const row = z.union([
  z.array(probability).length(1),
  z
    .array(probability)
    .length(2)
    .refine(([one, other]) => Math.abs(one! + other! - 1) < 0.05),
]);
const pooled = z.object({ data: z.array(z.object({ index, data: z.array(row).min(1) })), model, usage });

/** Reads the answer of `POST /classify`: one score for each text. @returns undefined when it is no such answer */
export function readScores(body: string): ReadNumbers | undefined {
  const parsed = classified.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const { data, ...rest } = parsed.data;
  return numbers(
    data.map(({ index: at, probs }) => ({ index: at, values: Float32Array.from(probs) })),
    rest,
  );
}

/** Reads the answer of `POST /score`: one score for each pair. @returns undefined when it is no such answer */
export function readPairScores(body: string): ReadNumbers | undefined {
  const parsed = compared.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const { data, ...rest } = parsed.data;
  return numbers(
    data.map(({ index: at, score }) => ({ index: at, values: Float32Array.of(score) })),
    rest,
  );
}

/**
 * Reads the answer of `POST /pooling` to texts with steps: a row for each marker with the probability that the step is right, alone or
 * beside that of wrong, with which it sums to 1.
 *
 * @param right which number of a row it is
 * @returns undefined when it is no such answer, raw logits among them
 */
export function readSteps(body: string, right: "first" | "last"): ReadNumbers | undefined {
  const parsed = pooled.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const { data, ...rest } = parsed.data;
  const place = right === "first" ? 0 : -1;
  return numbers(
    data.map(({ index: at, data: rows }) => ({ index: at, values: Float32Array.from(rows, (one) => one.at(place)!) })),
    rest,
  );
}

function numbers(
  rows: ReadNumbers["rows"],
  said: { readonly model?: string | undefined; readonly usage?: { readonly prompt_tokens: number } | null | undefined },
): ReadNumbers {
  return { rows, model: said.model, tokens: said.usage?.prompt_tokens };
}

const refused = z.object({ error: z.object({ message: z.string() }) });

/**
 * A refusal for length as ITEM_TOO_LONG, and that of a text for which the model gave NaN, which its JSON cannot hold, as SCORE_NOT_FINITE;
 * undefined for any other. vLLM says both in words alone.
 */
export function explainRefusal(backend: string, body: string): GatewayError | undefined {
  const said = refused.safeParse(parseJson(body)).data?.error.message ?? "";
  if (/maximum (context|model) length|max_model_len/i.test(said)) return tooLong(backend);
  if (/float values are not JSON compliant/i.test(said)) return notFinite(backend);
  return undefined;
}
