import { softmax } from "../../../src/reward/numerics.ts";
import { routeByCategory } from "../../../src/reward/routing/category.ts";
import { hedge } from "../../../src/reward/routing/hedge.ts";
import { innerReward } from "../../../src/reward/routing/inner-experts.ts";
import { mixturePreference, mixtureScore } from "../../../src/reward/routing/mixture-heads.ts";
import { routeTopK } from "../../../src/reward/routing/top-k.ts";
import type { Fields } from "../../support/vectors.ts";
import { type MethodTable, numbers } from "./table.ts";

export const routing: MethodTable = {
  "route.category": ({ item }, params) => {
    const table = params.table.map((row: Fields) => ({ if: row.if, to: row.stack }));
    const { to, row } = routeByCategory(item, table, params.default);
    return { stack: to, rule: row ?? null };
  },
  "route.topk": ({ logits }, { k, temperature }) => {
    const { probabilities, selected, weights, entropy } = routeTopK(numbers(logits), { k, temperature, maxEntropy: Infinity });
    return { p: probabilities, selected, weights, entropy };
  },
  "route.dmoerm_inner": ({ expert_hidden, W1, b1, W2, b2 }, { prelu }) =>
    innerReward(expert_hidden, { hiddenWeights: W1, hiddenBias: b1, outputWeights: W2, outputBias: b2, slope: prelu }),
  "route.micro": ({ r_a, r_b, router_logits }) => {
    const pi = softmax(router_logits);
    const { heads, probability } = mixturePreference(pi, r_a, r_b);
    const a = mixtureScore(pi, r_a);
    return {
      pi,
      p_head: heads,
      p_a_over_b: probability,
      score_linear_a: a.linear,
      score_linear_b: mixtureScore(pi, r_b).linear,
      score_logsig_a: a.logSigmoid,
    };
  },
  "route.hedge": ({ pi, loss }, { eta }) => {
    const after1 = hedge(pi, loss, eta);
    return { after1, after2: hedge(after1, loss, eta) };
  },
};
