/** How judges' answers are laid out and read, for programs that ask judges themselves. The kinds of index.ts use the same functions. */

export * from "./multi-response/layout.ts";
export * from "./multi-response/listwise-choice.ts";
export * from "./multi-response/order-bias.ts";
