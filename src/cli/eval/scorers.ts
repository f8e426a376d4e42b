import type { Panel } from "../../domain/panel.ts";
import type { CandidateResult } from "../../domain/score.ts";
import type { Scorer } from "../../evaluation/report/rows.ts";
import type { Optional } from "../../reward/missing.ts";

/** A scorer and where its number stands in a result. */
export interface ReadScorer extends Scorer {
  read(candidate: CandidateResult): number | undefined;
}

/** The panel, its members in order, and the objectives of those that have some, as `judge/objective`. */
export function scorersOf({ name, revision, space, members }: Panel): ReadScorer[] {
  const panel: ReadScorer = { name, role: "panel", space, revision, read: ({ reward }) => reward };
  const judges = members.map(({ judge, calibration, revision: own }, i): ReadScorer => {
    // A panel may be called as its one judge is.
    const unlike = judge.name === name ? `${judge.name} (member)` : judge.name;
    return {
      name: unlike,
      role: "member",
      space: calibration?.spaceOut ?? judge.space,
      revision: own,
      read: (result) => result.judges[i]?.calibrated,
    };
  });
  const objectives = members.flatMap(({ judge, revision: own }, i) =>
    (judge.gated?.objectives ?? []).map(
      ({ name: objective }): ReadScorer => ({
        name: `${judge.name}/${objective}`,
        role: "objective",
        space: "native",
        revision: own,
        read: (result) => result.judges[i]?.objectives?.[objective],
      }),
    ),
  );
  return [panel, ...judges, ...objectives];
}

/** Scores of a record by scorer; null where there is none. */
export function scoreColumns(scorers: readonly ReadScorer[], candidates: readonly CandidateResult[], size: number): Optional[][] {
  return scorers.map(({ read }) => Array.from({ length: size }, (_, i) => (candidates[i] && read(candidates[i])) ?? null));
}
