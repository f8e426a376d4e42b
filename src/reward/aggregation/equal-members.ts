import type { z } from "zod";
import type { Aggregate, CandidateScores } from "../../domain/reward.ts";
import type { ScoreSpace } from "../../domain/score-space.ts";
import type { AggregationKind, MemberFacts, ParamsProblem } from "../kinds.ts";

/** What an aggregation states whose members all count the same. */
export interface EqualMembers<S extends z.ZodObject> {
  readonly method: string;
  readonly params: S;
  spaceOut(space: ScoreSpace): ScoreSpace;
  /** Whether the reward never falls when a score rises. */
  readonly monotone?: true;
  /** From the scores of the members that count, shape [n], n ≥ 1. */
  combine(params: z.output<S>): (scores: Float64Array) => Aggregate;
}

/**
 * An aggregation without weights, as a kind. A member of weight 0 is scored and never counts; the others must weigh the same,
 * so that a configuration cannot state weights that nobody reads.
 */
export function equalMembersKind<S extends z.ZodObject>({
  method,
  params,
  spaceOut,
  monotone,
  combine,
}: EqualMembers<S>): AggregationKind<S> {
  return {
    method,
    params,
    accepts: "common",
    spaceOut,
    problems: (_, members) => [...idleProblems(members), ...unequalProblems(method, members)],
    create: (chosen, spec) => {
      const combined = combine(chosen);
      return {
        method,
        spaceOut: spec.spaceOut,
        revision: spec.revision,
        weighs: false,
        ...(monotone && { monotone }),
        aggregate: (group) => group.map((entry) => overCounting(entry, combined)),
      };
    },
  };
}

/** The problem of a panel in which every member weighs 0. */
export function idleProblems(members: readonly MemberFacts[]): ParamsProblem[] {
  if (members.some(({ weight }) => weight > 0)) return [];
  return [{ path: [], cause: "every member weighs 0", remedy: "give at least one member a weight above 0" }];
}

function unequalProblems(method: string, members: readonly MemberFacts[]): ParamsProblem[] {
  const weights = new Set(members.map(({ weight }) => weight).filter((weight) => weight > 0));
  if (weights.size <= 1) return [];
  const cause = `${method} takes its members as equals and they weigh ${[...weights].join(", ")}`;
  return [{ path: [], cause, remedy: "give the members one weight, 0 to those that are scored and do not count, or use weightedMean" }];
}

/** Combines the members that weigh something; the others contribute 0 with weight 0. */
function overCounting(entry: CandidateScores, combine: (scores: Float64Array) => Aggregate): Aggregate {
  const places = entry.members.flatMap((_, place) => (entry.weights[place]! > 0 ? [place] : []));
  const combined = combine(Float64Array.from(places, (place) => entry.scores[place]!));
  if (places.length === entry.members.length) return combined;
  const contributions = new Float64Array(entry.members.length);
  const weights = new Float64Array(entry.members.length);
  for (const [i, place] of places.entries()) {
    contributions[place] = combined.contributions[i]!;
    weights[place] = combined.weights?.[i] ?? 1 / places.length;
  }
  return { reward: combined.reward, contributions, weights };
}

/** The space of a number that may leave the bounds of the scores it is made of. */
export function beyondBounds(space: ScoreSpace): ScoreSpace {
  return space === "probability" || space === "unit" || space === "rank" ? "native" : space;
}
