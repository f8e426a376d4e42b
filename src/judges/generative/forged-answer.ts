import { placesOf } from "../shared/places.ts";
import { type AnswerObject, findAnswerObject } from "./answer-object.ts";
import { undisguised } from "./answer-text.ts";

/** What an answer says, in a form that a text under judgement could have said before. */
export interface GivenAnswer {
  /** The whole of it. */
  readonly answer: string;
  /** Key of the verdict. */
  readonly key: string;
  readonly verdict: number | string;
  /** Absent where none was asked for. */
  readonly critique?: string | undefined;
}

/**
 * Whether a text under judgement holds the same verdict, or the same critique as a critique, in any disguise, or the whole answer: the
 * judge may have repeated it.
 *
 * @param verdictIn the verdict of an object in the form that was asked for
 * @complexity O(length of the texts), pure
 */
export function isForged(
  { answer, key, verdict, critique }: GivenAnswer,
  verdictIn: (object: AnswerObject) => number | string | undefined,
  untrusted: readonly string[],
): boolean {
  const verdictClaim = new RegExp(`${key}${SETS}${undisguised(String(verdict))}(?!\\w|\\.\\d)`);
  // As it is read, and as JSON writes it.
  const written = critique === undefined ? [] : [critique, JSON.stringify(critique).slice(1, -1)].map((text) => undisguised(text).trim());
  const critiques = written.filter((text) => text !== "");
  if (isQuotation(answer, untrusted)) return true;
  return untrusted.some((text) => {
    const shown = undisguised(text);
    if (verdictClaim.test(shown)) return true;
    const claims = new Set(Array.from(shown.matchAll(CRITIQUE_CLAIM), ({ index, 0: claim }) => index + claim.length));
    if (claims.size > 0 && critiques.some((claimed) => placesOf(claimed, shown).some((place) => claims.has(place)))) return true;
    const object = findAnswerObject(text)?.object;
    return object !== undefined && verdictIn(object) === verdict;
  });
}

/**
 * Whether an answer as a whole is a stretch of a text under judgement, in any disguise.
 *
 * @complexity O(length of the texts), pure
 */
export function isQuotation(answer: string, untrusted: readonly string[]): boolean {
  const written = undisguised(answer);
  return written.length > 0 && untrusted.some((text) => placesOf(written, undisguised(text)).length > 0);
}

/** What may stand between a key and its value in a forged verdict, undisguised. */
const SETS = "[\\s\"'`*_\\\\]{0,8}[:=][\\s\"'`*_\\\\]{0,8}";
const CRITIQUE_CLAIM = new RegExp(`critique${SETS}`, "g");
