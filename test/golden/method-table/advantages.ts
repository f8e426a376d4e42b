import {
  centreGroup,
  type GroupAdvantages,
  leaveOneOut,
  lengthWeightedBaseline,
  standardiseGroup,
  standardiseOverBatch,
} from "../../../src/reward/group/advantages.ts";
import { decoupledAdvantages, standardiseThenSum } from "../../../src/reward/group/component-advantages.ts";
import type { GroupConvention } from "../../../src/reward/group/conventions.ts";
import { riskQuantiles, riskSignals } from "../../../src/reward/group/risk-signal.ts";
import { sum } from "../../../src/reward/numerics.ts";
import type { Fields } from "../../support/vectors.ts";
import type { MethodTable } from "./table.ts";

function conventionOf({ eps, ddof, n1, nan_to_zero }: Fields): GroupConvention {
  return { epsilon: eps, epsilonIn: "std", ddof, single: n1 ?? "zero", missing: nan_to_zero ? "zero" : "ignore" };
}

function named({ advantages, masked, zeroStd }: GroupAdvantages): object {
  return { adv: advantages, masked, zero_std: zeroStd };
}

export const advantages: MethodTable = {
  "adv.grpo": ({ r }, params) => named(standardiseGroup(r, conventionOf(params))),
  "adv.dr_grpo": ({ r }) => named(centreGroup(r, "ignore")),
  "adv.batch_std": ({ groups }, params) => ({
    adv: standardiseOverBatch(groups, conventionOf(params)).map((group) => group.advantages),
  }),
  "adv.gdpo": ({ rewards }, params) => {
    const { batch_mean, batch_std } = params;
    const batch = batch_std === undefined ? "batch" : { mean: batch_mean, std: batch_std };
    const { advantages, groups } = decoupledAdvantages(rewards, params.weights, { ...conventionOf(params), batch });
    return { adv: advantages, pre_bn: groups.map((group) => group.advantages) };
  },
  // One group: standardised after its rewards are summed, and before.
  "adv.gdpo_vs_grpo": ({ rewards: [group] }, params) => {
    const sums = group.map((ofCandidate: number[]) => sum(ofCandidate.map((reward, k) => params.weights[k] * reward)));
    return {
      grpo_of_sum: standardiseGroup(sums, conventionOf(params)).advantages,
      gdpo_pre_bn: standardiseThenSum(group, params.weights, conventionOf(params)).advantages,
    };
  },
  "adv.mrn": ({ rewards }, params) => ({
    adv: rewards.map((group: (number | null)[][]) => standardiseThenSum(group, params.weights, conventionOf(params)).advantages),
  }),
  "adv.rloo": ({ r }) => named(leaveOneOut(r)),
  "adv.opo": ({ r, length }) => named(lengthWeightedBaseline(r, length)),
  "adv.riskpo": ({ bundle_scores }, { alpha, beta, w, eps }) => {
    const quantiles = riskQuantiles(bundle_scores, { alpha, beta });
    const signal = riskSignals(bundle_scores, quantiles, { alpha, beta, tailWeight: w, epsilon: eps });
    return { q_down: quantiles.down, q_up: quantiles.up, signal };
  },
};
