import type { CompletionToken } from "../../domain/backend.ts";
import { logSumExp } from "../../reward/numerics.ts";

/** What stands before the verdict and behind it in tokens that hold more than it. */
const BEFORE = /[\s":]/;
const BEHIND = /[\s",}]/;

/**
 * The likeliest tokens at the place of the verdict, without the quotes and spaces around it; spellings that become equal add up.
 * The verdict is what follows its key: a key within the critique would have escaped quotes.
 */
export function verdictAlternatives(tokens: readonly CompletionToken[], key: string): ReadonlyMap<string, number> | undefined {
  const text = tokens.map(({ token }) => token).join("");
  const start = [...text.matchAll(new RegExp(String.raw`(?<!\\)"${key}"\s*:[\s"]*`, "g"))].at(-1);
  if (start === undefined) return undefined;
  const place = start.index + start[0].length;
  let end = 0;
  const at = tokens.find(({ token }) => {
    end += token.length;
    return end > place;
  });
  if (at === undefined) return undefined;
  const spellings = new Map<string, number[]>();
  for (const [token, logprob] of new Map([...at.alternatives, [at.token, at.logprob]])) {
    const word = bare(token);
    const known = spellings.get(word);
    if (known) known.push(logprob);
    else spellings.set(word, [logprob]);
  }
  return new Map([...spellings].map(([word, logprobs]) => [word, logSumExp(logprobs)]));
}

/** A loop takes off what stands around: a pattern would try every run of spaces in a token anew. */
function bare(token: string): string {
  let [start, end] = [0, token.length];
  while (start < end && BEFORE.test(token[start]!)) start++;
  while (end > start && BEHIND.test(token[end - 1]!)) end--;
  return token.slice(start, end);
}
