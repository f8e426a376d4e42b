import { GatewayError } from "../../domain/errors.ts";
import { logSumExp, sigmoid } from "../../reward/numerics.ts";

/** Token → natural logarithm of its probability, at one position of an answer: the most likely ones, as engines list them. */
export type TokenLogProbabilities = ReadonlyMap<string, number>;

/** Which tokens mean yes and no, and what to make of those that are not listed. */
export interface YesOptions {
  /** Spellings that mean yes, and no; each side's probabilities add up. */
  readonly yes: readonly string[];
  readonly no: readonly string[];
  /**
   * The log-probability of a side without a listed token. `topKBound`: the least that is listed, which it cannot exceed, so that p is not
   * driven to 0 or 1 by the length of the list. A number: that, as published code does with −100.
   */
  readonly missing: "topKBound" | number;
  /** Least P(yes) + P(no), in [0, 1]; below it the judge spoke of something else and abstains. 0.5 is usual. */
  readonly minMass: number;
}

/** P(yes) against P(no). */
export type YesProbability =
  | {
      readonly status: "read";
      /** σ(ℓ_yes − ℓ_no), in [0, 1]. */
      readonly probability: number;
      /** ℓ_yes − ℓ_no, nats. */
      readonly logOdds: number;
      /** P(yes) + P(no) over what is listed, in [0, 1]. */
      readonly mass: number;
      /** Whether one side was not listed, so that p is a bound or a convention and no measurement. */
      readonly bounded: boolean;
    }
  | { readonly status: "abstained"; readonly logOdds: number; readonly mass: number };

/**
 * Reads a yes or no from the probabilities of the token that gives the verdict: p = σ(ℓ_yes − ℓ_no), ℓ the log-sum-exp over spellings.
 *
 * @param logProbabilities at the position of the verdict; −∞ counts as not listed
 * @throws {GatewayError} SCORE_NOT_FINITE when a log-probability is NaN or +∞
 * @complexity O(tokens), pure
 * @see Zhang et al. 2024, Generative Verifiers: Reward Modeling as Next-Token Prediction, arXiv:2408.15240
 * @example yesProbability(new Map([["Yes", -1], ["No", -1]]), { yes: ["Yes"], no: ["No"], missing: "topKBound", minMass: 0.5 }).logOdds // → 0
 */
export function yesProbability(logProbabilities: TokenLogProbabilities, { yes, no, missing, minMass }: YesOptions): YesProbability {
  const listed = listedOf(logProbabilities);
  const side = (spellings: readonly string[]) => logSumExp([...new Set(spellings)].flatMap((token) => listed.get(token) ?? []));
  const [plus, minus] = [side(yes), side(no)];
  const mass = Math.min(1, Math.exp(plus) + Math.exp(minus));
  const stand = missing === "topKBound" ? Math.min(0, ...listed.values()) : missing;
  const logOdds = (plus === -Infinity ? stand : plus) - (minus === -Infinity ? stand : minus);
  if (mass < minMass || mass === 0) return { status: "abstained", logOdds, mass };
  return { status: "read", probability: sigmoid(logOdds), logOdds, mass, bounded: plus === -Infinity || minus === -Infinity };
}

/** The tokens that have a probability. */
export function listedOf(logProbabilities: TokenLogProbabilities): Map<string, number> {
  const listed = new Map([...logProbabilities].filter(([, value]) => value !== -Infinity));
  for (const value of listed.values()) {
    if (!Number.isFinite(value)) throw new GatewayError("SCORE_NOT_FINITE", `the engine gave a log-probability of ${value}`);
  }
  return listed;
}
