import { logSigmoid, logSumExp, quantile, sigmoid, softmax, softplus } from "../../../src/reward/numerics.ts";
import { addBatch, momentsOf, NOTHING_SEEN } from "../../../src/reward/welford.ts";
import { type MethodTable, numbers } from "./table.ts";

export const numerics: MethodTable = {
  "num.log_sigmoid": ({ x }) => ({ log_sigmoid: logSigmoid(x), sigmoid: sigmoid(x), log1m_sigmoid: -softplus(x) }),
  "num.logsumexp": ({ x }) => ({ lse: logSumExp(numbers(x)), softmax: softmax(numbers(x)) }),
  "num.quantile_type7": ({ x }, { q }) => ({ value: quantile(x, q) }),
  "num.welford": ({ batches }, { ddof }) => {
    const state = batches.map(numbers).reduce(addBatch, NOTHING_SEEN);
    const { mean, variance, std } = momentsOf(state, ddof);
    return { n: state.n, mean, var: variance, std, min: state.min, max: state.max };
  },
};
