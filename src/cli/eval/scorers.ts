import { isRouter, type Member, type Panel, type Router } from "../../domain/panel.ts";
import type { CandidateResult } from "../../domain/score.ts";
import type { Scorer } from "../../evaluation/report/rows.ts";
import type { Optional } from "../../reward/missing.ts";

/** A scorer and where its number stands in a result. */
export interface ReadScorer extends Scorer {
  read(candidate: CandidateResult): number | undefined;
}

/**
 * The panel, its members, and the objectives of those that have some, as `member/objective`. Members that only audit are left
 * out, since answers do not show them. Of a panel that routes, the members are those of all panels that it leads to.
 *
 * @param panel   the one that is evaluated
 * @param reached it, and what it routes to
 */
export function scorersOf(panel: Panel | Router, reached: readonly (Panel | Router)[]): ReadScorer[] {
  const judging = isRouter(panel) ? reached.flatMap((target) => (isRouter(target) ? [] : [target])) : [panel];
  const spaces = new Set(judging.map(({ space }) => space));
  // Rewards of panels in different spaces have an order at most.
  const space = spaces.size === 1 ? [...spaces][0]! : "native";
  const members = new Map<string, Member>();
  for (const member of judging.flatMap((target) => target.members)) {
    if (member.standing !== "audit" && !members.has(member.name)) members.set(member.name, member);
  }
  const own: ReadScorer = { name: panel.name, role: "panel", space, revision: panel.revision, read: ({ reward }) => reward };
  const judges = [...members.values()].map(({ name, calibratedSpace, revision }): ReadScorer => {
    // A panel may be called as its one judge is.
    const unlike = name === panel.name ? `${name} (member)` : name;
    return { name: unlike, role: "member", space: calibratedSpace, revision, read: (result) => partOf(result, name)?.calibrated };
  });
  const objectives = [...members.values()].flatMap(({ name, judge, revision }) =>
    (judge.gated?.objectives ?? []).map(
      ({ name: objective }): ReadScorer => ({
        name: `${name}/${objective}`,
        role: "objective",
        space: "native",
        revision,
        read: (result) => partOf(result, name)?.objectives?.[objective],
      }),
    ),
  );
  return [own, ...judges, ...objectives];
}

function partOf({ judges }: CandidateResult, member: string) {
  return judges.find((part) => part.member === member);
}

/** Scores of a record by scorer; null where there is none. */
export function scoreColumns(scorers: readonly ReadScorer[], candidates: readonly CandidateResult[], size: number): Optional[][] {
  return scorers.map(({ read }) => Array.from({ length: size }, (_, i) => (candidates[i] && read(candidates[i])) ?? null));
}
