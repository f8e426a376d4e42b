import { z } from "zod";
import type { ConstrainedGroup, ConstrainedReward, ConstrainedSummary, Constraining, Verdict } from "../../domain/constraint.ts";
import type { ScoreSpace } from "../../domain/score-space.ts";
import type { ParamsProblem } from "../kinds.ts";
import { allTrue, type ConstraintVerdict } from "./all-true.ts";
import { type CgpoOutputs, cgpo } from "./cgpo.ts";

/** How a panel's constraints act on its reward. */
export const constrainingParams = z.strictObject({
  dominates: z
    .enum(["violation", "error"])
    .default("violation")
    .describe(
      "What two constraints make together when one is violated and one could not be judged: a violation, or unknown, which fails the candidate. " +
        "Default violation.",
    ),
  baseline: z
    .union([z.literal("item"), z.number()])
    .optional()
    .describe(
      "Reward that candidates are compared with: `item` for the item's own baselines under this panel, or a number. Adds the calibrated " +
        "reward σ(reward − baseline) and what constrained optimisers train on.",
    ),
  klMax: z
    .number()
    .positive()
    .optional()
    .describe("KL divergence from which a candidate earns nothing, nats, > 0; each candidate then tells its kl. Default no budget."),
  missingEosPenalty: z.number().min(0).default(0).describe("Taken off the reward of a candidate that was cut off, logits, ≥ 0. Default 0."),
  reward: z
    .enum(["aggregate", "calibrated", "crpg", "crraft"])
    .default("aggregate")
    .describe(
      "Which number is the reward: the aggregated one, the calibrated one, or what CRPG or CRRAFT train on, 0 for a violation. Default aggregate.",
    ),
  violation: z
    .union([z.literal("withhold"), z.strictObject({ reward: z.number().describe("Reward of a candidate that violates a constraint.") })])
    .optional()
    .describe(
      "What a violating candidate gets where the reward is aggregate or calibrated: none (`withhold`), or {reward: x}. Default withhold.",
    ),
});
export type ConstrainingParams = z.output<typeof constrainingParams>;

/** What is wrong with parameters in a panel whose aggregated reward is in `space`. */
export function constrainingProblems(params: ConstrainingParams, space: ScoreSpace): ParamsProblem[] {
  const { baseline, klMax, missingEosPenalty, reward, violation } = params;
  const found: ParamsProblem[] = [];
  if (baseline !== undefined && space !== "logit") {
    const cause = `a calibrated reward is σ(reward − baseline) and the panel's reward is in ${space}, not in logit`;
    found.push({
      path: ["baseline"],
      cause,
      remedy: "aggregate members in logit (weightedSum or weightedMean of calibrated log-odds), or leave the baseline out",
    });
  }
  for (const [key, value] of [
    ["klMax", klMax],
    ["missingEosPenalty", missingEosPenalty || undefined],
  ] as const) {
    if (value === undefined || baseline !== undefined) continue;
    found.push({
      path: [key],
      cause: `${key} acts on the calibrated reward and there is no baseline`,
      remedy: `add a baseline, or remove ${key}`,
    });
  }
  if (reward !== "aggregate" && baseline === undefined) {
    const remedy = "add baseline: item, or a number, or use reward: aggregate";
    found.push({ path: ["reward"], cause: `${reward} compares with a baseline and there is none`, remedy });
  }
  if (violation !== undefined && (reward === "crpg" || reward === "crraft")) {
    found.push({ path: ["violation"], cause: `${reward} says itself what a violation gets: 0`, remedy: "remove violation" });
  }
  if (typeof violation === "object" && reward === "calibrated" && !(violation.reward >= 0 && violation.reward <= 1)) {
    const cause = `${violation.reward} is no probability, which a calibrated reward is`;
    found.push({ path: ["violation", "reward"], cause, remedy: "state a number from 0 to 1, or withhold the reward" });
  }
  return found;
}

/**
 * Makes the rule by which constraints act: hard gates on the reward, and the inputs of constrained optimisers where there is a
 * baseline. A candidate that violates a constraint never enters a mean, and none is ever made the best by a factor of 0.
 *
 * @param space    of the aggregated reward
 * @param revision digest of the parameters
 * @see Xu et al. 2024, The Perfect Blend: Redefining RLHF with Mixture of Judges, arXiv:2409.20370
 */
export function createConstraining(params: ConstrainingParams, space: ScoreSpace, revision: string): Constraining {
  const { dominates, baseline, klMax, missingEosPenalty, reward } = params;
  return {
    revision,
    readsBaselines: baseline === "item",
    readsKl: klMax !== undefined,
    spaceOut: reward === "aggregate" ? space : reward === "calibrated" ? "probability" : "unit",
    join: (verdicts) =>
      WORDS[
        allTrue(
          verdicts.map((verdict) => CODES[verdict]),
          dominates,
        )
      ],
    apply: (group) => {
      const places = group.rewards.flatMap((value, i) => (value === null || group.verdicts[i] === "unknown" ? [] : [i]));
      const reference = baseline === "item" ? group.baseline : baseline;
      const outputs =
        reference === undefined ? undefined : cgpo(pick(group, places, reference), { klMax: klMax ?? Infinity, missingEosPenalty });
      const rewards: (ConstrainedReward | null)[] = group.rewards.map(() => null);
      for (const [at, i] of places.entries()) {
        rewards[i] = rewardOf(params, group.rewards[i]!, group.verdicts[i]! === "satisfied", outputs && partOf(outputs, at));
      }
      // What a violation gets does not depend on the members.
      for (const [i, verdict] of group.verdicts.entries()) if (verdict === "violated") rewards[i] ??= { reward: violationGets(params) };
      return { rewards, summary: summarise(group.verdicts, places, outputs) };
    },
  };
}

const CODES = { satisfied: 1, violated: 0, unknown: -1 } as const satisfies Record<Verdict, ConstraintVerdict>;
const WORDS = { 1: "satisfied", 0: "violated", [-1]: "unknown" } as const satisfies Record<ConstraintVerdict, Verdict>;

function pick(group: ConstrainedGroup, places: readonly number[], baseline: number) {
  return {
    rewards: places.map((i) => group.rewards[i]!),
    baseline,
    verdicts: places.map((i) => CODES[group.verdicts[i]!]),
    kl: places.map((i) => group.kl[i] ?? 0),
    truncated: places.map((i) => group.truncated[i]!),
    ...(group.baselineVerdict && { baselineVerdict: CODES[group.baselineVerdict] }),
  };
}

type Part = Required<Pick<ConstrainedReward, "calibrated" | "crpg" | "crpgCentred" | "crraft">>;

function partOf({ calibrated, crpg, crpgCentred, crraft }: CgpoOutputs, at: number): Part {
  return { calibrated: calibrated[at]!, crpg: crpg[at]!, crpgCentred: crpgCentred[at]!, crraft: crraft[at]! };
}

function rewardOf(params: ConstrainingParams, aggregate: number, satisfied: boolean, part: Part | undefined): ConstrainedReward {
  if (!satisfied) return { reward: violationGets(params), ...part };
  const { reward } = params;
  if (reward === "aggregate") return { reward: aggregate, ...part };
  return { reward: part === undefined ? null : part[reward], ...part };
}

/** What a violating candidate gets; null where it is withheld. */
function violationGets({ reward, violation = "withhold" }: ConstrainingParams): number | null {
  if (reward === "crpg" || reward === "crraft") return 0;
  return violation === "withhold" ? null : violation.reward;
}

function summarise(verdicts: readonly Verdict[], places: readonly number[], outputs: CgpoOutputs | undefined): ConstrainedSummary {
  const at = (place: number) => places[place]!;
  const positive = places.filter((i) => verdicts[i] === "satisfied");
  const negative = verdicts.flatMap((verdict, i) => (verdict === "violated" ? [i] : []));
  if (outputs === undefined) return { positive, negative };
  const { crraftBest, baselineWeight, codpo } = outputs;
  return {
    positive,
    negative,
    ...(crraftBest !== undefined && { crraftBest: at(crraftBest) }),
    baselineWeight,
    ...(codpo && { codpo: { chosen: at(codpo.chosen), rejected: at(codpo.rejected) } }),
  };
}
