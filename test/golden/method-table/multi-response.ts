import { packCandidates } from "../../../src/judges/multi-response/layout.ts";
import { listwiseChoice, listwiseLoss } from "../../../src/judges/multi-response/listwise-choice.ts";
import { averageOverOrders } from "../../../src/judges/multi-response/order-bias.ts";
import { logSigmoid } from "../../../src/reward/numerics.ts";
import type { Fields } from "../../support/vectors.ts";
import type { MethodTable } from "./table.ts";

export const multiResponse: MethodTable = {
  "multi.layout": ({ prompt_len, response_lens }, { sep_len, read }) => {
    const options = { separatorLength: sep_len, read: read === "separator" ? "separator" : "lastToken" } as const;
    const { spans, readPositions, length } = packCandidates(prompt_len, response_lens, options);
    return { spans, read_positions: readPositions, total: length };
  },
  "multi.ce": ({ scores, target }) => {
    const { probabilities, best } = listwiseChoice(scores);
    return { probs: probabilities, loss: listwiseLoss(scores, target), argmax: best, bt_loss: -logSigmoid(scores[0] - scores[1]) };
  },
  "multi.permutation_average": ({ runs }) => {
    const average = averageOverOrders(runs.map(({ perm, scores }: Fields) => ({ order: perm, scores })));
    return {
      item_mean: average.scores,
      position_effect: average.slotEffects,
      top1_flip_rate: average.flipRate,
      position_share: average.slotShare,
      item_share: average.candidateShare,
    };
  },
};
