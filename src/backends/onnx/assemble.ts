import type { Overlong, Segment, Truncation } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";

/** The token ids of one text, ready for a model. */
export interface Sequence {
  readonly ids: Int32Array;
  /** Index of the candidate's first token; the length where there is no candidate. */
  readonly candidateStart: number;
  readonly truncation?: Truncation;
}

/**
 * Joins the token ids of a call's segments, and makes them fit: tokens of the prompt go first, the oldest before the rest;
 * when the candidate alone is too long, its end goes. Control tokens always stay, and none is ever added, so a BOS that the
 * template writes stands once. Under `truncatePrompt` a candidate is never cut, nor are candidates that are read side by side, since that
 * would decide between them; something of the prompt stays with them.
 *
 * @param segments  the call's segments, in order
 * @param ids       token ids of each segment, same order
 * @param maxTokens most tokens that the model reads
 * @throws {GatewayError} ITEM_TOO_LONG when it does not fit: under `error`, because control tokens alone pass the limit, or because
 *   candidates that may not be cut and one token of the prompt do;
 *   REQUEST_INVALID when there is not one token
 * @complexity O(tokens), pure
 */
export function assemble(segments: readonly Segment[], ids: readonly Int32Array[], maxTokens: number, overlong: Overlong): Sequence {
  let total = 0;
  for (const piece of ids) total += piece.length;
  if (total === 0)
    throw new GatewayError("REQUEST_INVALID", "the judge reads no token of this text; send a prompt or a candidate that is not empty");
  if (total <= maxTokens) return join(segments, ids, total);
  if (overlong === "error") {
    throw tooLong(
      `the text has ${total} tokens and the judge reads ${maxTokens}; shorten it, or use a judge with \`overlong: truncate\``,
      maxTokens,
    );
  }
  const excess = total - maxTokens;
  const kept = [...ids];
  const fromPrompt = dropOldest(segments, kept, excess);
  const several = segments.filter(({ origin }) => origin === "candidate").length > 1;
  const promptIsGone = promptTokens(segments, ids) > 0 && promptTokens(segments, kept) === 0;
  const whole = overlong === "truncatePrompt";
  if ((whole || several) && (fromPrompt < excess || promptIsGone)) {
    throw tooLong(
      whole
        ? `the candidate is read whole and has too many tokens: with the prompt they are ${total} and the judge reads ${maxTokens}; shorten it`
        : `the candidates together have too many tokens: with the prompt they are ${total} and the judge reads ${maxTokens}; ` +
            "shorten them, or let it read fewer candidates in one pass",
      maxTokens,
    );
  }
  const fromCandidate = dropCandidateEnd(segments, kept, excess - fromPrompt);
  if (fromPrompt + fromCandidate < excess) {
    throw tooLong(
      `the judge's template alone takes more than the ${maxTokens} tokens that the judge reads; send fewer messages`,
      maxTokens,
    );
  }
  const side = fromCandidate === 0 ? "prompt_start" : fromPrompt === 0 ? "candidate_end" : "both";
  return { ...join(segments, kept, maxTokens), truncation: { side, droppedTokens: excess } };
}

function promptTokens(segments: readonly Segment[], ids: readonly Int32Array[]): number {
  return segments.reduce((sum, { origin }, index) => sum + (origin === "prompt" ? ids[index]!.length : 0), 0);
}

/** Takes up to `excess` tokens off the prompt's segments, from their start; returns how many it took. */
function dropOldest(segments: readonly Segment[], ids: Int32Array[], excess: number): number {
  let dropped = 0;
  for (const [index, { origin }] of segments.entries()) {
    if (origin !== "prompt") continue;
    const count = Math.min(excess - dropped, ids[index]!.length);
    ids[index] = ids[index]!.subarray(count);
    dropped += count;
  }
  return dropped;
}

/** Takes up to `excess` tokens off the candidate's end; returns how many it took. */
function dropCandidateEnd(segments: readonly Segment[], ids: Int32Array[], excess: number): number {
  const index = segments.findIndex(({ origin }) => origin === "candidate");
  const own = ids[index];
  if (own === undefined) return 0;
  const count = Math.min(excess, own.length);
  ids[index] = own.subarray(0, own.length - count);
  return count;
}

function join(segments: readonly Segment[], ids: readonly Int32Array[], total: number): Sequence {
  const joined = new Int32Array(total);
  let offset = 0;
  let candidateStart = total;
  for (let index = 0; index < segments.length; index++) {
    if (segments[index]!.origin === "candidate") candidateStart = Math.min(candidateStart, offset);
    joined.set(ids[index]!, offset);
    offset += ids[index]!.length;
  }
  return { ids: joined, candidateStart };
}

function tooLong(message: string, limit: number): GatewayError {
  return new GatewayError("ITEM_TOO_LONG", message, { details: { limit } });
}
