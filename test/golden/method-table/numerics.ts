import { logSigmoid, logSumExp, quantile, sigmoid, softplus } from "../../../src/reward/numerics.ts";
import { type MethodTable, numbers } from "./table.ts";

export const numerics: MethodTable = {
  "num.log_sigmoid": ({ x }) => ({ log_sigmoid: logSigmoid(x), sigmoid: sigmoid(x), log1m_sigmoid: -softplus(x) }),
  "num.logsumexp": ({ x }) => ({ lse: logSumExp(numbers(x)) }),
  "num.quantile_type7": ({ x }, { q }) => ({ value: quantile(x, q) }),
};
