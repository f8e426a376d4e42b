/** How judges ask, read and check, for programs that do it themselves. The kinds of index.ts use the same functions. */

export * from "./multi-response/layout.ts";
export * from "./multi-response/listwise-choice.ts";
export * from "./multi-response/order-bias.ts";
export * from "./rules/arithmetic.ts";
export * from "./rules/bleu.ts";
export * from "./rules/bleu-tokens.ts";
export * from "./rules/bmas.ts";
export * from "./rules/boxes.ts";
export * from "./rules/chart.ts";
export * from "./rules/chrf.ts";
export * from "./rules/exact-match.ts";
export * from "./rules/exemplars.ts";
export * from "./rules/format.ts";
export * from "./rules/length-band.ts";
export * from "./rules/likelihood.ts";
export * from "./rules/majority.ts";
export * from "./rules/multiple-choice.ts";
export * from "./rules/numeric.ts";
export * from "./rules/translation-mix.ts";
export * from "./rules/verdict-reward.ts";
