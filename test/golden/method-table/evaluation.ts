import { cohenKappa } from "../../../src/evaluation/agreement.ts";
import { bestOfN, bestOfNKl, pickCredit, selectBest } from "../../../src/evaluation/best-of-n.ts";
import { vendi } from "../../../src/evaluation/diversity.ts";
import { gatingDrift, kolmogorovSmirnov, psi } from "../../../src/evaluation/drift.ts";
import { frechetDiagonal, leaveOneOutCredit } from "../../../src/evaluation/frechet.ts";
import { disagreementAlarm, proxyDivergence } from "../../../src/evaluation/hacking-alarms.ts";
import { wilson } from "../../../src/evaluation/intervals.ts";
import { languageGap } from "../../../src/evaluation/language-gap.ts";
import { lengthBias } from "../../../src/evaluation/length-bias.ts";
import { goldAt, peakDistance } from "../../../src/evaluation/overoptimisation.ts";
import { countPair, NO_PAIRS, type PairCounts, pairAccuracy } from "../../../src/evaluation/pair-accuracy.ts";
import { hypervolume, paretoFront } from "../../../src/evaluation/pareto.ts";
import { positionAccuracy } from "../../../src/evaluation/position-accuracy.ts";
import { probe } from "../../../src/evaluation/probe.ts";
import { kendallTauB, pearson, presentPairs, spearman } from "../../../src/evaluation/rank-correlation.ts";
import { scoreSections } from "../../../src/evaluation/reward-bench.ts";
import { epic, starc } from "../../../src/evaluation/reward-distance.ts";
import { scoreTies } from "../../../src/evaluation/ties.ts";
import type { MethodTable } from "./table.ts";

const VERDICTS = { A: "a", B: "b", T: "tie" } as const;
const answers = ([right, wrong]: number[][]) => ({ right: right!, wrong: wrong! });

export const evaluation: MethodTable = {
  "ev.pair_accuracy": ({ chosen, rejected }, { tie_credit }) => {
    const counts = chosen.reduce((all: PairCounts, score: number, i: number) => countPair(all, score, rejected[i]), NO_PAIRS);
    return { accuracy: pairAccuracy(counts, tie_credit) };
  },
  "ev.wilson": ({ k, n }, { z }) => {
    const { low, high } = wilson(k, n, z);
    return { p: k / n, lo: low, hi: high };
  },
  "ev.best_of_4": ({ scores }, { correct_index }) => ({ credit: pickCredit(scores, correct_index) }),
  "ev.best_of_n_select": ({ groups }) => {
    const selection = selectBest(groups.map(([proxy, gold]: number[][]) => ({ proxy, gold })));
    return {
      picked_gold: selection.picked,
      oracle_gold: selection.oracle,
      random_gold: selection.random,
      regret: selection.regret,
      recovery: selection.recovery ?? null,
    };
  },
  "ev.rewardbench_sections": ({ accuracy }, { counts, sections }) => {
    const layout = { counts, sections };
    const { sections: scores, overall } = scoreSections(accuracy, layout);
    const withPrior = scoreSections(accuracy, layout, { accuracy: 0.7, weight: 0.5 });
    return { sections: scores, overall: overall ?? null, "overall_with_prior_0.7_at_weight_0.5": withPrior.overall };
  },
  "ev.ties": ({ ref, tied }) => {
    const scored = scoreTies(ref.map((single: number[][], i: number) => ({ single: answers(single), tied: answers(tied[i]) })));
    return {
      ref_accuracy: scored.singleAccuracy,
      tied_accuracy: scored.tiedAccuracy,
      preferred: scored.preferred,
      preferred_hard: scored.preferredHard,
      margin: scored.margin,
      score: scored.score,
    };
  },
  "ev.language_gap": ({ correct }, { pivot }) => {
    const judged = Object.fromEntries(Object.entries(correct as Record<string, number[]>).map(([name, row]) => [name, row.map(Boolean)]));
    const { accuracy, gap, macro, worst } = languageGap(judged, pivot);
    return { accuracy, gap_to_english: gap, macro: macro ?? null, worst: worst ?? null };
  },
  "ev.cohen_kappa": ({ a, b }) => {
    const { observed, expected, kappa } = cohenKappa(a, b);
    return { po: observed, pe: expected, kappa: kappa ?? null };
  },
  "ev.position_accuracy": ({ rows }, { tie_credit }) => {
    const placed = rows.map(([chosen, verdict]: ["A" | "B", "A" | "B" | "T"]) => ({
      chosen: VERDICTS[chosen],
      verdict: VERDICTS[verdict],
    }));
    const { chosenFirst, chosenSecond, accuracy, gap, firstRate } = positionAccuracy(placed, tie_credit);
    return {
      acc_chosen_first: chosenFirst ?? null,
      acc_chosen_second: chosenSecond ?? null,
      accuracy: accuracy ?? null,
      position_gap: gap ?? null,
      first_rate: firstRate ?? null,
    };
  },
  "ev.probe": ({ h, centroids }, { threshold }) =>
    probe(
      h,
      Object.keys(centroids).map((name) => ({ name, centroid: centroids[name], threshold: threshold[name] })),
    ),
  "ev.starc": ({ r1, r2 }) => {
    const prompts = Object.keys(r1);
    const { distance, correlation } = starc(
      prompts.map((prompt) => r1[prompt]),
      prompts.map((prompt) => r2[prompt]),
    );
    const half = correlation === undefined ? null : Math.sqrt(Math.max(0, 1 - correlation) / 2);
    return { distance, rho: correlation ?? null, sqrt_half_one_minus_rho: half };
  },
  "ev.epic": ({ a, b, c }) => {
    const ab = epic([a], [b]);
    const ac = c && epic([a], [c]);
    return { rho: ab.correlation ?? null, distance: ab.distance, rho_c: ac?.correlation ?? null, distance_c: ac?.distance };
  },
  "ev.kl_bon": ({ n }) => ({ kl: bestOfNKl(n), sqrt_kl: Math.sqrt(bestOfNKl(n)) }),
  "ev.bon_curve": ({ proxy, gold }, { n }) => bestOfN({ proxy, gold }, n),
  "ev.overopt_model": ({ kl }, { alpha, beta }) => ({
    bon: goldAt(kl, { alpha, beta }, "bestOfN"),
    rl: goldAt(kl, { alpha, beta }, "reinforcement"),
    bon_peak_d: peakDistance({ alpha, beta }, "bestOfN"),
    rl_peak_d: peakDistance({ alpha, beta }, "reinforcement"),
  }),
  "ev.psi": ({ reference, current }, { bins, eps }) => psi(reference, current, { bins, floor: eps, minCount: 1 }),
  "ev.ks": ({ a, b }) => {
    const { d, p } = kolmogorovSmirnov(a, b, 1);
    return { D: d, p };
  },
  "ev.gating_drift": ({ baseline, current }) => {
    const { nats, share } = gatingDrift(baseline, current);
    return { js: nats, normalised: share };
  },
  "ev.rank_correlation": (input) => {
    const { a, b } = presentPairs(input.a, input.b);
    return { pearson: pearson(a, b) ?? null, spearman: spearman(a, b) ?? null, kendall_tau_b: kendallTauB(a, b) ?? null };
  },
  "ev.length_bias": ({ score, length }) => {
    const { spearman, slopePer100, residual, degenerate } = lengthBias(score, length);
    return { spearman: spearman ?? null, slope_per_100: slopePer100, residual, degenerate };
  },
  "ev.disagreement_alarm": ({ baseline, current }, { z, ratio }) => disagreementAlarm(current, { ...baseline, z, ratio }),
  "ev.proxy_gold_divergence": ({ proxy, holdout }) => {
    const { proxySlope, holdoutSlope, alarm } = proxyDivergence(proxy, holdout, proxy.length);
    return { proxy_slope: proxySlope, holdout_slope: holdoutSlope, alarm };
  },
  "ev.vendi": ({ similarity }) => ({
    vendi: similarity.map((s: number) =>
      vendi([
        [1, s],
        [s, 1],
      ]),
    ),
  }),
  "ev.pareto": ({ points }, { reference }) => ({ front: paretoFront(points), hypervolume: hypervolume(points, reference) }),
  "ev.frechet_diag": ({ a, b }, { ddof }) => ({ distance: frechetDiagonal(a, b, ddof), loo_credit: leaveOneOutCredit(a, b, ddof) ?? null }),
};
