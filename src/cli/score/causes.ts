import type { CandidateResult, Failure, JudgePart } from "../../domain/score.ts";
import type { ResultRow } from "./rows.ts";

type Result = Pick<ResultRow, "candidates"> & { readonly failure?: Failure };

/** Stands for whichever judge it was, where a result does not name it. */
const UNNAMED = "";

/**
 * Judges that count and whose servers were away, whatever the panel makes of that: a failure, a lesser reward, too few for its quorum.
 * One without a name where the result tells of none.
 */
export function judgesAway({ failure, candidates }: Result): string[] {
  const named = candidates.flatMap(partsThatCount).filter((part) => isAway(part.failure));
  if (named.length > 0) return [...new Set(named.map(({ judge }) => judge))];
  return [failure, ...candidates.map((candidate) => candidate.failure)].some(isAway) ? [UNNAMED] : [];
}

/** Judges that count and whose servers answered, as {@link judgesAway} names them. */
export function judgesThere(result: Result): string[] {
  const there = result.candidates.flatMap(partsThatCount).filter(({ outcome, cached }) => outcome === "scored" && !cached);
  return [...new Set(there.map(({ judge }) => judge)), ...(judgesAway(result).length === 0 ? [UNNAMED] : [])];
}

function isAway(failure: Failure | undefined): boolean {
  return failure?.reason === "BACKEND_UNAVAILABLE";
}

/** Whether a candidate has no reward for a reason that may have passed: an outage, an overload, a deadline. */
export function mayHavePassed({ failure, candidates }: Result): boolean {
  return failure?.retryable === true || candidates.some((candidate) => candidate.status === "failed" && hasPassingCause(candidate));
}

/** Whether a candidate that failed may have a reward when it is scored again, as far as it tells. */
export function hasPassingCause(candidate: CandidateResult): boolean {
  const causes = causesOf(candidate);
  // Why a panel is incomplete its judges tell, where the row has them.
  const told = causes.filter(({ reason }) => reason !== "PANEL_INCOMPLETE");
  return (told.length > 0 ? told : causes).some(({ retryable }) => retryable);
}

/** Candidates without a reward; more than any number of them where the record failed as a whole. */
export function failuresIn({ failure, candidates }: Result): number {
  return failure === undefined ? candidates.filter(({ status }) => status === "failed").length : Number.POSITIVE_INFINITY;
}

/** What went wrong with a candidate: its own failure, and those of the judges that count. */
function causesOf(candidate: CandidateResult): Failure[] {
  return [candidate.failure, ...partsThatCount(candidate).map((part) => part.failure)].filter((cause) => cause !== undefined);
}

function partsThatCount({ judges = [] }: CandidateResult): JudgePart[] {
  return judges.filter((part) => !part.shadow);
}
