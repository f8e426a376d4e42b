import { z } from "zod";
import { parseJson } from "../../domain/json.ts";
import type { LogprobsProtocol } from "./protocol.ts";

const entry = z.record(z.string().regex(/^\d+$/), z.object({ logprob: z.number() }));
const completion = z.object({
  choices: z.array(z.object({ index: z.literal(0), prompt_logprobs: z.array(entry.nullable()).min(1) })).length(1),
  usage: z.object({ prompt_tokens: z.int().min(1) }),
  model: z.string().optional(),
});
const refused = z.object({ error: z.object({ message: z.string() }) });

/** One token has to be written, and none of this may change how likely the prompt's are found, whatever the server's defaults. */
const NEUTRAL = { max_tokens: 1, temperature: 1, top_p: 1, top_k: -1, min_p: 0, repetition_penalty: 1, stream: false };
/** Zero alternatives: the token that was read, alone. */
const ASKED = { prompt_logprobs: 0 };

/** `POST /v1/completions` of vLLM with `prompt_logprobs`. */
export const vllmLogprobs: LogprobsProtocol = {
  path: "/v1/completions",
  healthPath: "/health",
  addsBefore: 0,
  ofIds: (model, ids) => JSON.stringify({ model, prompt: ids, ...ASKED, ...NEUTRAL }),
  ofText: (model, text) => JSON.stringify({ model, prompt: text, add_special_tokens: false, ...ASKED, ...NEUTRAL }),
  answer(body) {
    const parsed = completion.safeParse(parseJson(body));
    if (!parsed.success) return undefined;
    const tokens = parsed.data.choices[0]!.prompt_logprobs.map((token) =>
      token === null ? undefined : new Map(Object.entries(token).map(([id, { logprob }]) => [Number(id), logprob])),
    );
    return { count: parsed.data.usage.prompt_tokens, tokens, model: parsed.data.model };
  },
  isTooLong(body) {
    const parsed = refused.safeParse(parseJson(body));
    // The last is what it says of a text that fits and leaves no room for the one token that it has to write.
    return parsed.success && /maximum (context|model) length|max_model_len|max_tokens must be at least 1/i.test(parsed.data.error.message);
  },
};
