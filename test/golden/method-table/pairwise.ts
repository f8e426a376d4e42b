import { bradleyTerry } from "../../../src/reward/pairwise/bradley-terry.ts";
import { nash } from "../../../src/reward/pairwise/nash.ts";
import { intransitivity, knockout } from "../../../src/reward/pairwise/tournament.ts";
import { marginPairs, winRates } from "../../../src/reward/pairwise/win-rates.ts";
import type { MethodTable } from "./table.ts";

export const pairwise: MethodTable = {
  "pw.winrate": ({ P }) => ({ winrate: winRates(P).rates }),
  "pw.dno_pairs": ({ P }, { margin }) => ({
    pairs: marginPairs(winRates(P).rates, margin).map(({ chosen, rejected, margin }) => [chosen, rejected, margin]),
  }),
  "pw.nash": ({ P }) => {
    const { mixture, winsAgainst } = nash(P, { tolerance: 1e-9, maxEnumerated: 12 });
    return { mixture, value_vs_nash: winsAgainst };
  },
  "pw.bt_fit": ({ wins }, { prior }) => ({ theta: bradleyTerry(wins, { prior, tolerance: 1e-12, maxRounds: 100_000 }) }),
  "pw.intransitivity": ({ P_a, P_b }) => ({ a: intransitivity(P_a), b: P_b && intransitivity(P_b) }),
  "pw.knockout": ({ P, order, order_b }) => ({
    ...knockout(P, order),
    winner_b: order_b && (knockout(P, order_b).winner ?? null),
  }),
};
