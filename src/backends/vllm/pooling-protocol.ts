import { z } from "zod";
import type { ForwardCall } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { neutralise } from "../upstream/neutralise.ts";

/** A text as the server gets it, and how many control strings of untrusted text were broken up in it. */
export interface WrittenText {
  readonly text: string;
  readonly broken: number;
}

/**
 * A forward call as one text. The server makes tokens of it, so text that came with a request is neutralised first; whatever the judge's
 * template itself writes in the form of a token is broken up in it too.
 */
export function writeText({ segments }: ForwardCall): WrittenText {
  const own = [...new Set(segments.filter(({ origin }) => origin === "control").flatMap(({ text }) => text.match(TOKENS) ?? []))];
  let broken = 0;
  const parts = segments.map(({ text, origin }) => {
    if (origin === "control") return text;
    const known = neutralise(text);
    broken += known.broken;
    return own.reduce((safe, token) => {
      const pieces = safe.split(token);
      broken += pieces.length - 1;
      return pieces.join(`${token[0]} ${token.slice(1)}`);
    }, known.text);
  });
  return { text: parts.join(""), broken };
}

/** What may be a control token in a template: `<extra_0>`, `<|im_end|>`, `[SEP]`. */
const TOKENS = /<[^<>\s]{1,64}>|\[[A-Z_]{2,32}\]/g;

/**
 * Fields that ask for raw scores. Releases call it otherwise, and ignore a name that they do not know; one that refuses two names gets
 * them one by one.
 */
export const RAW_DIALECTS: readonly Readonly<Record<string, false>>[] = [
  { use_activation: false, activation: false },
  { use_activation: false },
  { activation: false },
];

/** What the server answered for one text. */
export interface ReadPooling {
  readonly values: Float32Array;
  /** Tokens that the model read, where the server counts them. */
  readonly tokens: number | undefined;
}

const usage = z.object({ prompt_tokens: z.int().min(0) }).nullish();
const classified = z.object({
  data: z.array(z.object({ index: z.literal(0), probs: z.array(z.number()).length(1) })).length(1),
  usage,
});
const probability = z.number().min(0).max(1);
const row = z.union([
  z.array(probability).length(1),
  z
    .array(probability)
    .length(2)
    .refine(([one, other]) => Math.abs(one! + other! - 1) < 0.05),
]);
const pooled = z.object({
  data: z.array(z.object({ index: z.literal(0), data: z.array(row).min(1) })).length(1),
  usage,
});

/** Reads the answer of `POST /classify` to one text: exactly one score. @returns undefined when it is no such answer */
export function readScore(body: string): ReadPooling | undefined {
  const parsed = classified.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  return { values: Float32Array.from(parsed.data.data[0]!.probs), tokens: parsed.data.usage?.prompt_tokens };
}

/**
 * Reads the answer of `POST /pooling` to one text with steps: a row for each marker with the probability that the step is right, alone or
 * beside that of wrong, with which it sums to 1.
 *
 * @param right which number of a row it is
 * @returns undefined when it is no such answer, raw logits among them
 */
export function readSteps(body: string, right: "first" | "last"): ReadPooling | undefined {
  const parsed = pooled.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  const rows = parsed.data.data[0]!.data;
  return {
    values: Float32Array.from(rows, (numbers) => numbers.at(right === "first" ? 0 : -1)!),
    tokens: parsed.data.usage?.prompt_tokens,
  };
}

const refused = z.object({ error: z.object({ message: z.string() }) });

/** A refusal for length as ITEM_TOO_LONG; undefined for any other. vLLM says it in words alone. */
export function explainRefusal(backend: string, body: string): GatewayError | undefined {
  const parsed = refused.safeParse(parseJson(body));
  if (!parsed.success || !/maximum (context|model) length|max_model_len/i.test(parsed.data.error.message)) return undefined;
  return new GatewayError("ITEM_TOO_LONG", `the item is longer than the model of backend "${backend}" reads; shorten it`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
