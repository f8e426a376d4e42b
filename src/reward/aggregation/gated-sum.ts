import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { Aggregate, CandidateScores } from "../../domain/reward.ts";
import type { AggregationKind, MemberFacts, ParamsProblem } from "../kinds.ts";
import { sum } from "../numerics.ts";
import { weightedSum } from "./weighted-sum.ts";

const params = z
  .strictObject({
    gatingFrom: z.string().describe("Member whose gating weighs the members. Its judge has objectives, and it is required."),
    objectives: z
      .record(z.string(), z.array(z.string()).min(1))
      .describe("Member name → objectives of gatingFrom whose gating it receives. Every member is named."),
  })
  .describe("Σ gate × score, where each member's gate is its weight times the gating of its objectives, scaled to a total of 1.");
type Params = z.output<typeof params>;

const NO_GATE =
  "the gating of the prompt leaves no member of the panel with a weight; where the request brings weights, weigh another objective";

/** What a gating gives a member that receives these objectives. */
function gateOf(gating: Float64Array, objectives: readonly number[]): number {
  return sum(objectives.map((k) => gating[k]!));
}

/**
 * Gated sum of one candidate over members: member j weighs w[j] · Σ_{k ∈ objectives(j)} g[k], scaled so that the absolute
 * weights sum to 1; reward = Σ_j weight[j] · x[j].
 *
 * @param entry      scores and weights of the members that count, shape [n]
 * @param gating     weights from the prompt, shape [K]
 * @param objectives for each entry, indices into the gating
 * @returns the reward, contributions that sum to it, and the weights that were used, shape [n]; none is a number where all weights are 0
 * @complexity O(n·K), pure
 */
function gatedSumOfMembers(entry: CandidateScores, gating: Float64Array, objectives: readonly (readonly number[])[]): Aggregate {
  const weights = entry.weights.map((weight, j) => weight * gateOf(gating, objectives[j]!));
  const mass = sum(weights.map(Math.abs));
  const shares = weights.map((weight) => weight / mass);
  return { ...weightedSum(entry.scores, shares), weights: shares };
}

function problems({ gatingFrom, objectives }: Params, members: readonly MemberFacts[]): ParamsProblem[] {
  const counting = members.filter((member) => member.counts);
  const names = counting.map((member) => member.name);
  const gate = counting.find((member) => member.name === gatingFrom);
  if (gate === undefined) {
    return [{ path: ["gatingFrom"], cause: `no member "${gatingFrom}"`, remedy: `name one of: ${names.join(", ")}` }];
  }
  if (gate.gated === undefined) {
    const able = counting.filter((member) => member.gated !== undefined).map((member) => member.name);
    const remedy = able.length > 0 ? `name one of: ${able.join(", ")}` : "add a multi-objective judge to the panel";
    return [{ path: ["gatingFrom"], cause: `judge "${gatingFrom}" has no gating`, remedy }];
  }
  const found: ParamsProblem[] = [];
  if (!gate.required) {
    const cause = `without a score of "${gatingFrom}" there is no gating`;
    found.push({ path: ["gatingFrom"], cause, remedy: `set required: true on the member "${gatingFrom}"` });
  }
  const known = gate.gated.objectives.map((objective) => objective.name);
  for (const [judge, wanted] of Object.entries(objectives)) {
    if (!names.includes(judge)) {
      found.push({ path: ["objectives", judge], cause: `no member "${judge}"`, remedy: `name one of: ${names.join(", ")}` });
    }
    for (const [i, name] of wanted.entries()) {
      if (known.includes(name)) continue;
      const cause = `judge "${gatingFrom}" has no objective "${name}"`;
      found.push({ path: ["objectives", judge, i], cause, remedy: `name one of: ${known.join(", ")}` });
    }
  }
  for (const name of names.filter((name) => !Object.hasOwn(objectives, name))) {
    const remedy = `add "${name}" with one or more of: ${known.join(", ")}`;
    found.push({ path: ["objectives"], cause: `member "${name}" receives no objective`, remedy });
  }
  return found;
}

/** Weighs the judges of a panel per prompt, by the gating of a multi-objective judge among them. */
export const gatedSumKind: AggregationKind<typeof params> = {
  method: "gatedSum",
  params,
  accepts: "common",
  spaceOut: (space) => space,
  problems,
  create: ({ gatingFrom, objectives }, { members, spaceOut, revision }) => {
    const gateIndex = members.findIndex((member) => member.name === gatingFrom);
    const known = members[gateIndex]!.gated!.objectives.map((objective) => objective.name);
    const received = members.map((member) => (objectives[member.name] ?? []).map((name) => known.indexOf(name)));
    const gatingOf = ({ members: there, gating }: CandidateScores) => {
      const own = gating?.[there.indexOf(gateIndex)];
      // The member is required, so a candidate without it never gets here.
      if (own === undefined) throw new GatewayError("INTERNAL", `no gating from "${gatingFrom}" for a candidate that it scored`);
      return own;
    };
    return {
      method: "gatedSum",
      spaceOut,
      revision,
      weighs: true,
      suffices: (entry) => {
        const gating = gatingOf(entry);
        const gated = received.flatMap((own, member) => (own.length > 0 && gateOf(gating, own) !== 0 ? [member] : []));
        const lacks = (member: number) => !entry.members.includes(member) || entry.imputed?.has(member) === true;
        const weighed = entry.members.filter((_, j) => entry.weights[j] !== 0);
        if (gated.some((member) => weighed.includes(member) && !lacks(member))) return true;
        return gated.some(lacks) ? false : new GatewayError("REQUEST_INVALID", NO_GATE);
      },
      aggregate: (group) =>
        group.map((entry) =>
          gatedSumOfMembers(
            entry,
            gatingOf(entry),
            entry.members.map((member) => received[member]!),
          ),
        ),
    };
  },
};
