import { completion } from "./chat-server.ts";

/**
 * An answer as llama.cpp's server gives it, as it was seen of build 11549 with SmolLM2-135M-Instruct under a JSON schema: the model wrote a
 * fence around the object, and the server took it off the content and left it among the tokens. Log-probabilities are those before the
 * schema took effect, so that what the model was made to write need not be the likeliest; the least that it writes is that of single precision.
 */
export function llamaCompletion(answer: object, others: Readonly<Record<string, Readonly<Record<string, number>>>> = {}) {
  const content = JSON.stringify(answer, null, 2);
  const written = ["```", "json", "\n", ...(content.match(/[A-Za-z]+|\d|\s+|[^A-Za-z\d\s]+/g) ?? []), "\n", "```", ""];
  const tokens = written.map((token, id) => {
    const listed = { [token]: -0.1, ...others[token] };
    const top_logprobs = Object.entries(listed).map(([text, logprob]) => ({ id, token: text, bytes: [...Buffer.from(text)], logprob }));
    return { id, token, bytes: [...Buffer.from(token)], logprob: listed[token], top_logprobs };
  });
  return {
    ...completion(content, { logprobs: { content: tokens } }),
    system_fingerprint: "b0-unknown",
    timings: { prompt_n: 70, predicted_n: written.length },
  };
}
