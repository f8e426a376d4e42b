import { z } from "zod";
import { parseJson } from "../../domain/json.ts";
import { INFO_PATHS } from "../sglang/protocol.ts";
import type { LogprobsProtocol } from "./protocol.ts";

const token = z.tuple([z.number().nullable(), z.int().min(0)], z.unknown());
const generated = z.object({
  meta_info: z.object({ prompt_tokens: z.int().min(1), input_token_logprobs: z.array(token).min(1) }),
});
const described = z.object({ model_path: z.string(), is_generation: z.boolean().optional() });
const refused = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });

const asked = (from: number) => ({
  sampling_params: { max_new_tokens: 1, temperature: 1 },
  return_logprob: true,
  logprob_start_len: from,
  top_logprobs_num: 0,
  return_text_in_logprobs: false,
  stream: false,
});

/** `POST /generate` of SGLang with `return_logprob`. One server runs one model, so calls and answers name none; the server says which when it is asked. */
export const sglangLogprobs: LogprobsProtocol = {
  path: "/generate",
  healthPath: INFO_PATHS,
  serves(body, model) {
    const parsed = described.safeParse(parseJson(body));
    return parsed.success && parsed.data.model_path === model && parsed.data.is_generation !== false;
  },
  // Its tokenizer writes a beginning of sequence into texts where the model's own does.
  addsBefore: 1,
  // It gives nothing for the first token that it tells of.
  ofIds: (_model, ids, from) => JSON.stringify({ input_ids: ids, ...asked(from - 1) }),
  ofText: (_model, text) => JSON.stringify({ text, ...asked(0) }),
  answer(body) {
    const parsed = generated.safeParse(parseJson(body));
    if (!parsed.success) return undefined;
    const { prompt_tokens, input_token_logprobs } = parsed.data.meta_info;
    return {
      count: prompt_tokens,
      tokens: input_token_logprobs.map(([logprob, id], place) =>
        logprob === null && place === 0 ? undefined : new Map([[id, logprob ?? Number.NaN]]),
      ),
    };
  },
  isTooLong(body) {
    const parsed = refused.safeParse(parseJson(body));
    if (!parsed.success) return false;
    const { error } = parsed.data;
    return /longer than the model's context length|context length|max_total_num_tokens/i.test(
      typeof error === "string" ? error : error.message,
    );
  },
};
