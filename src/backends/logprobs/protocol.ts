import { GatewayError } from "../../domain/errors.ts";

/** What an engine said of one text: untrusted. */
export interface ReadTokens {
  /** Tokens that the engine read. */
  readonly count: number;
  /**
   * The last tokens of the text, in order: the natural logarithm of the probability by token id. The token that was read is among
   * the ids; undefined where the engine gives nothing, as for the first token of a text; NaN where it gave no number.
   */
  readonly tokens: readonly (ReadonlyMap<number, number> | undefined)[];
  /** Model in whose name the engine answered, where it says. */
  readonly model?: string | undefined;
}

/** How an engine is asked for log-probabilities of prompts. */
export interface LogprobsProtocol {
  readonly path: string;
  /** Path of a request that a healthy server answers, or several, the newest first. */
  readonly healthPath: string | readonly string[];
  /** Whether the body of that answer is of a server with this model. Default: any is, since its answers say which they are from. */
  serves?(body: string, model: string): boolean;
  /** Most tokens that the engine's tokenizer puts before a text by itself, whatever it is told. */
  readonly addsBefore: number;
  /** The body that asks about token ids, from index `from` on, ≥ 1. */
  ofIds(model: string, ids: readonly number[], from: number): string;
  /** The body that asks about a text, of which the engine makes tokens itself. */
  ofText(model: string, text: string): string;
  /** @returns undefined when the body is no answer of this protocol */
  answer(body: string): ReadTokens | undefined;
  /** Whether the body of a refusal says that the text is too long. */
  isTooLong(body: string): boolean;
}

/** Above 0 by no more than rounding. */
const ROUNDING = 1e-5;
/** Engines write it for minus infinity, which JSON cannot say. */
const LEAST = -9999;

/**
 * The log-probabilities of the tokens of a text from index `from` on, when the answer is about this very text: as many tokens, and the
 * same ones.
 *
 * @param ids  what was asked about, shape [T]
 * @param from in [1, T)
 * @returns shape [T − from], nats; minus infinity or NaN where the engine gave no number
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when the answer is about other tokens, or holds no logarithms of probabilities
 */
export function logProbabilitiesOf({ count, tokens }: ReadTokens, ids: readonly number[], from: number): Float32Array {
  const skipped = ids.length - tokens.length;
  if (count !== ids.length || skipped < 0 || skipped > from) {
    throw unreadable(`read ${count} tokens, and tells of ${tokens.length}, where ${ids.length} were sent`);
  }
  const found = new Float32Array(ids.length - from);
  for (const [place, logprobs] of tokens.entries()) {
    const at = skipped + place;
    const logprob = logprobs?.get(ids[at]!);
    if (logprob === undefined) {
      if (logprobs !== undefined || at >= from) throw unreadable(`says nothing of the token at place ${at}`);
      continue;
    }
    if (logprob > ROUNDING) throw unreadable("gave a number above 0 for a logarithm of a probability");
    if (at >= from) found[at - from] = logprob <= LEAST ? Number.NEGATIVE_INFINITY : Math.min(0, logprob);
  }
  return found;
}

/** The token ids that an answer about a text shows, undefined where it shows none. */
export function idsShown({ tokens }: ReadTokens): (number | undefined)[] {
  return tokens.map((logprobs) => (logprobs?.size === 1 ? [...logprobs.keys()][0] : undefined));
}

function unreadable(problem: string): GatewayError {
  return new GatewayError("JUDGE_OUTPUT_UNREADABLE", `the engine ${problem}; check that it is the right server and its version`);
}
