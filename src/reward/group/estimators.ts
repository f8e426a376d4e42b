import { z } from "zod";
import type { AdvantageEstimator, GroupAdvantage, GroupRewards } from "../../domain/advantage.ts";
import type { AdvantageKind } from "../kinds.ts";
import type { Optional } from "../missing.ts";
import { moments } from "../moments.ts";
import {
  centreGroup,
  type GroupAdvantages,
  leaveOneOut,
  lengthWeightedBaseline,
  standardiseGroup,
  standardiseOverBatch,
} from "./advantages.ts";
import { type ComponentAdvantages, decoupledAdvantages, standardiseThenSum } from "./component-advantages.ts";
import { GROUP_CONVENTIONS, type GroupConvention } from "./conventions.ts";

const convention = z
  .union([
    z.enum(Object.keys(GROUP_CONVENTIONS) as [keyof typeof GROUP_CONVENTIONS, ...(keyof typeof GROUP_CONVENTIONS)[]]),
    z.strictObject({
      epsilon: z.number().min(0).describe("Added to the divisor, ≥ 0."),
      epsilonIn: z.enum(["std", "variance"]).describe("Where it is added: to the deviation, or to the variance under the root."),
      ddof: z.int().min(0).max(1).describe("Taken off the divisor of the variance."),
      single: z.enum(["zero", "raw"]).describe("Advantage of the only candidate with a reward: 0, or its reward."),
      missing: z.enum(["ignore", "zero"]).describe("A missing reward: out of the statistics, or a reward of 0."),
    }),
  ])
  .describe("Convention of a trainer, for the same numbers as there (`trl`, `verl`, `gdpo`), or every part of one.");

function conventionOf(chosen: z.output<typeof convention>): GroupConvention {
  return typeof chosen === "string" ? GROUP_CONVENTIONS[chosen] : chosen;
}

/** Statistics that an answer shows beside advantages. */
const ONE_LESS = 1;

/** An estimator that reads the rewards of each item alone. */
function perGroup<S extends z.ZodObject>(
  method: string,
  params: S,
  estimate: (group: GroupRewards, params: z.output<S>) => GroupAdvantages,
  more: { readonly readsLengths?: boolean } = {},
): AdvantageKind<S> {
  return {
    method,
    params,
    create: (chosen, revision) => ({
      method,
      revision,
      scope: "group",
      readsLengths: more.readsLengths ?? false,
      estimate: (groups) => groups.map((group) => place(group, estimate(group, chosen), ddofOf(chosen))),
    }),
  };
}

function ddofOf(params: { readonly convention?: unknown }): number {
  return params.convention === undefined ? ONE_LESS : conventionOf(params.convention as z.output<typeof convention>).ddof;
}

/** Advantages in the places of the candidates, null where there is none, with the statistics of the rewards. */
function place({ rewards }: GroupRewards, { advantages, masked, zeroStd }: GroupAdvantages, ddof: number): GroupAdvantage {
  return { advantages: unmasked(advantages, masked), ...statistics(rewards, ddof), zeroVariance: zeroStd };
}

function unmasked(values: Float64Array, masked: readonly boolean[]): (number | null)[] {
  return Array.from(values, (value, i) => (masked[i] ? null : value));
}

function statistics(rewards: readonly Optional[], ddof: number): { readonly mean: number; readonly std: number } {
  const there = rewards.filter((reward) => reward !== null);
  if (there.length === 0) return { mean: 0, std: 0 };
  const { mean, std } = moments(Float64Array.from(there), ddof);
  return { mean, std };
}

const missing = z
  .enum(["ignore", "zero"])
  .default("ignore")
  .describe("A missing reward: out of the statistics, or a reward of 0. Default ignore.");

/** Group-relative advantages. */
export const grpo = perGroup(
  "grpo",
  z.strictObject({ convention: convention.default("trl") }).describe("(reward − mean)/(std + ε) over the candidates of the item."),
  ({ rewards }, chosen) => standardiseGroup(rewards, conventionOf(chosen.convention)),
);

/** Group-relative advantages without a divisor. */
export const drGrpo = perGroup(
  "drGrpo",
  z.strictObject({ missing }).describe("reward − mean over the candidates of the item: easy and hard prompts keep their weight."),
  ({ rewards }, chosen) => centreGroup(rewards, chosen.missing),
);

/** Leave-one-out advantages. */
export const rloo = perGroup("rloo", z.strictObject({}).describe("reward − mean of the item's other candidates."), ({ rewards }) =>
  leaveOneOut(rewards),
);

/** Advantages over the length-weighted baseline. */
export const opo = perGroup(
  "opo",
  z
    .strictObject({})
    .describe("reward − mean weighted by length: the baseline of least variance. The request tells each candidate's tokens."),
  ({ rewards, lengths }) =>
    lengthWeightedBaseline(
      rewards,
      lengths.map((length) => length ?? 0),
    ),
  { readsLengths: true },
);

/** Group means with the deviation of the whole request. */
export const batchStd: AdvantageKind<z.ZodObject<{ convention: z.ZodDefault<typeof convention> }>> = {
  method: "batchStd",
  params: z
    .strictObject({ convention: convention.default("trl") })
    .describe("(reward − mean of the item)/(std over all items of the request + ε). Not over a stream."),
  create: (chosen, revision) => {
    const own = conventionOf(chosen.convention);
    return batchEstimator("batchStd", revision, (groups) =>
      standardiseOverBatch(
        groups.map(({ rewards }) => rewards),
        own,
      ).map((advantages, g) => place(groups[g]!, advantages, own.ddof)),
    );
  },
};

/** Members standardised apart, then summed. */
export const mrn: AdvantageKind<z.ZodObject<{ convention: z.ZodDefault<typeof convention> }>> = {
  method: "mrn",
  params: z
    .strictObject({ convention: convention.default("trl") })
    .describe("Σ weight × each member's score standardised within the item: no member drowns another."),
  create: (chosen, revision) => {
    const own = conventionOf(chosen.convention);
    return {
      method: "mrn",
      revision,
      scope: "group",
      readsLengths: false,
      readsMembers: true,
      missingIsZero: own.missing === "zero",
      estimate: (groups) =>
        groups.map((group) => {
          const parts = standardiseThenSum(group.components, group.weights, own);
          return placeComponents(group, parts, parts.advantages, own.ddof);
        }),
    };
  },
};

const gdpoParams = z
  .strictObject({
    convention: convention.default("trl"),
    batch: z
      .union([
        z.literal("request"),
        z.strictObject({ mean: z.number().describe("Mean of the sums."), std: z.number().positive().describe("Their deviation, > 0.") }),
      ])
      .default("request")
      .describe("Statistics of the last step: over all items of the request, which a stream cannot give, or stated. Default request."),
  })
  .describe("Each member's score standardised within the item and summed by weight, the sums standardised once more over the request.");

/** Group reward-decoupled normalisation. */
export const gdpo: AdvantageKind<typeof gdpoParams> = {
  method: "gdpo",
  params: gdpoParams,
  create: (chosen, revision) => {
    const own = { ...conventionOf(chosen.convention), batch: chosen.batch === "request" ? ("batch" as const) : chosen.batch };
    const estimate = (groups: readonly GroupRewards[]) => {
      const { advantages, groups: parts } = decoupledAdvantages(
        groups.map(({ components }) => components),
        groups[0]?.weights ?? [],
        own,
      );
      return groups.map((group, g) => placeComponents(group, parts[g]!, advantages[g]!, own.ddof));
    };
    return {
      ...batchEstimator("gdpo", revision, estimate),
      readsMembers: true,
      missingIsZero: own.missing === "zero",
      scope: chosen.batch === "request" ? "batch" : "group",
    };
  },
};

function batchEstimator(method: string, revision: string, estimate: AdvantageEstimator["estimate"]): AdvantageEstimator {
  return { method, revision, scope: "batch", readsLengths: false, estimate };
}

function placeComponents(group: GroupRewards, parts: ComponentAdvantages, advantages: Float64Array, ddof: number): GroupAdvantage {
  return {
    advantages: unmasked(
      advantages,
      group.rewards.map((reward) => reward === null),
    ),
    components: group.components.map((ofCandidate, i) => ofCandidate.map((score, k) => (score === null ? null : parts.components[k]![i]!))),
    ...statistics(group.rewards, ddof),
    zeroVariance: !parts.masked.every(Boolean) && parts.zeroStd.every((same, k) => same || isSilent(group, k)),
  };
}

/** Whether a member adds nothing to any sum: it has no weight, or no candidate has a score of it, since it does not cover the item or was not asked. */
function isSilent({ weights, components }: GroupRewards, k: number): boolean {
  return weights[k] === 0 || components.every((ofCandidate) => ofCandidate[k] === null);
}
