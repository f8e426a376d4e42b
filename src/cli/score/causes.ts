import type { CandidateResult, Failure } from "../../domain/score.ts";
import type { ResultRow } from "./rows.ts";

type Result = Pick<ResultRow, "candidates"> & { readonly failure?: Failure };

/** Whether the server of a judge that counts was away, whatever the panel makes of that: a failure, a lesser reward, too few for its quorum. */
export function wasAway({ failure, candidates }: Result): boolean {
  return [failure, ...candidates.flatMap(causesOf)].some((cause) => cause?.reason === "BACKEND_UNAVAILABLE");
}

/** Whether a candidate has no reward for a reason that may have passed: an outage, an overload, a deadline. */
export function mayHavePassed({ failure, candidates }: Result): boolean {
  return failure?.retryable === true || candidates.some((candidate) => candidate.status === "failed" && hasPassingCause(candidate));
}

function hasPassingCause(candidate: CandidateResult): boolean {
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
function causesOf({ failure, judges = [] }: CandidateResult): Failure[] {
  return [failure, ...judges.map((part) => (part.shadow ? undefined : part.failure))].filter((cause) => cause !== undefined);
}
