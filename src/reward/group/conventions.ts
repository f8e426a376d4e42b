/** What trainers do differently when they standardise rewards within a group. None of it is a constant of the code. */
export interface GroupConvention {
  /** Added to the divisor. */
  readonly epsilon: number;
  /** Where it is added: to the standard deviation, or to the variance under the root. */
  readonly epsilonIn: "std" | "variance";
  /** Taken off the divisor of the variance. */
  readonly ddof: number;
  /** Advantage of the only scored candidate of a group: 0, or its reward as it is. */
  readonly single: "zero" | "raw";
  /** A missing reward: out of the statistics with an advantage of 0, or a reward of 0 before anything else. */
  readonly missing: "ignore" | "zero";
}

/** Conventions of trainers by the name of the trainer, for parity with runs that were made there. */
export const GROUP_CONVENTIONS = {
  trl: { epsilon: 1e-4, epsilonIn: "std", ddof: 1, single: "zero", missing: "ignore" },
  verl: { epsilon: 1e-6, epsilonIn: "std", ddof: 1, single: "raw", missing: "ignore" },
  gdpo: { epsilon: 1e-4, epsilonIn: "std", ddof: 1, single: "zero", missing: "zero" },
} as const satisfies Record<string, GroupConvention>;

/** Divisors of the variance over an ensemble in the two halves of one published code, which differ. */
export const SPREAD_CONVENTIONS = {
  "uwo-ppo": { ddof: 1 },
  "uwo-bon": { ddof: 0 },
} as const satisfies Record<string, { readonly ddof: number }>;

/** Every name that a caller may ask parity with. */
export type Compatibility = keyof typeof GROUP_CONVENTIONS | keyof typeof SPREAD_CONVENTIONS;
