import { GatewayError } from "../../domain/errors.ts";
import { idsShown, type ReadTokens } from "./protocol.ts";

/** Texts that tokenizers of different models cut differently: spaces, numbers, capitals, code, accents, scripts and signs. */
export const PARITY_TEXTS: readonly string[] = [
  "The answer is 1234567.89, isn't it?",
  "  two  spaces,\n\n\tthen a tab \n",
  "def f(x):\n    return {x: x**2 for x in range(10)} # ok?",
  "Größe, naïve, İstanbul, ﬁne; e\u0301 and é",
  "中文和日本語、한국어 и кириллица, العربية",
  "🙂👩‍👩‍👧 ½ × ∑ → ≠",
];

/**
 * Holds the tokens that an engine made of a text against the gateway's own: with others, the ids that the gateway sends would be other words
 * to the model, and every likelihood wrong.
 *
 * @param own        ids that the gateway makes of the text
 * @param addsBefore most tokens that the engine may have put before them by itself
 * @throws {GatewayError} CONFIG_INVALID when they differ
 */
export function requireSameTokens(backend: string, answer: ReadTokens, own: readonly number[], addsBefore: number): void {
  const shown = idsShown(answer);
  const added = shown.length - own.length;
  const same = answer.count === shown.length && added >= 0 && added <= addsBefore;
  if (same && own.every((id, at) => (shown[added + at] === undefined ? added + at === 0 : shown[added + at] === id))) return;
  throw new GatewayError(
    "CONFIG_INVALID",
    `the server of backend "${backend}" makes other tokens of a text than its tokenizer.json does (${answer.count} and ${own.length}); ` +
      "name the tokenizer.json of the model that the server runs",
  );
}
