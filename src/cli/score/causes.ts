import type { CandidateResult, Failure } from "../../domain/score.ts";
import type { ResultRow } from "./output.ts";

/** Whether the server of a judge that counts was away, whatever the panel makes of that: a failure, a lesser reward, too few for its quorum. */
export function wasAway({ failure, candidates }: Pick<ResultRow, "failure" | "candidates">): boolean {
  return [failure, ...candidates.flatMap(causesOf)].some((cause) => cause?.reason === "BACKEND_UNAVAILABLE");
}

/** What went wrong with a candidate: its own failure, and those of the judges that count. */
function causesOf({ failure, judges }: CandidateResult): Failure[] {
  return [failure, ...judges.map((part) => (part.shadow ? undefined : part.failure))].filter((cause) => cause !== undefined);
}
