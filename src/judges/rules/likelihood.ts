import { GatewayError } from "../../domain/errors.ts";
import { logSumExp, sum } from "../../reward/numerics.ts";

/** How likely a model finds a text, from the log-probabilities of its tokens, nats. */
export interface Likelihood {
  /** Does not vanish on long answers, as `probability` does. */
  readonly logProbability: number;
  readonly meanLogProbability: number;
  /** exp(logProbability). */
  readonly probability: number;
  readonly meanTokenProbability: number;
  /** exp(−meanLogProbability). */
  readonly perplexity: number;
}

/**
 * Likelihood of a reference answer under teacher forcing, after a prompt and a rationale.
 *
 * @param tokenLogProbabilities ≤ 0, nats, shape [T], T ≥ 1
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE without tokens, SCORE_NOT_FINITE when one is NaN or infinite
 * @complexity O(T), pure
 * @see Kwiatkowski et al. 2026, Likelihood-Based Reward Designs for General LLM Reasoning, arXiv:2602.03979
 * @example likelihoodOf([-0.5, -1.5]).logProbability // → -2
 */
export function likelihoodOf(tokenLogProbabilities: readonly number[]): Likelihood {
  requireLogProbabilities(tokenLogProbabilities);
  const logProbability = sum(tokenLogProbabilities);
  const meanLogProbability = logProbability / tokenLogProbabilities.length;
  return {
    logProbability,
    meanLogProbability,
    probability: Math.exp(logProbability),
    meanTokenProbability: sum(tokenLogProbabilities.map(Math.exp)) / tokenLogProbabilities.length,
    perplexity: Math.exp(-meanLogProbability),
  };
}

/** Likelihood of an answer over a group of rationales. */
export interface GroupLikelihood {
  /** ln of the mean probability, nats. */
  readonly logMeanExp: number;
  /** The same without rationale i, shape [N]; null when there is no other. */
  readonly leaveOneOut: readonly (number | null)[];
}

/**
 * Log of the mean probability of the reference answer over N rationales, and without each of them: a bound on the answer's
 * marginal likelihood and a baseline for each rationale.
 *
 * @param logProbabilities of the whole answer per rationale, nats, shape [N], N ≥ 1
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when there is none, SCORE_NOT_FINITE when one is NaN or infinite
 * @complexity O(N²), pure: no cancellation between nearly equal sums
 * @see Tang et al. 2025, Beyond Verifiable Rewards: Scaling RL for LMs to Unverifiable Data (JEPO), arXiv:2503.19618
 * @example groupLikelihood([-2]).logMeanExp // → -2
 */
export function groupLikelihood(logProbabilities: readonly number[]): GroupLikelihood {
  requireLogProbabilities(logProbabilities);
  const logMean = (values: readonly number[]) => logSumExp(values) - Math.log(values.length);
  const leaveOneOut = logProbabilities.map((_, i) => {
    const others = logProbabilities.filter((_, j) => j !== i);
    return others.length > 0 ? logMean(others) : null;
  });
  return { logMeanExp: logMean(logProbabilities), leaveOneOut };
}

/**
 * How well a frozen model can tell the prompt back from what was made of it: the log-likelihood of the prompt's tokens, mean and sum.
 *
 * @param tokenLogProbabilities of the prompt's tokens, ≤ 0, nats, shape [T], T ≥ 1
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE without tokens, SCORE_NOT_FINITE when one is NaN or infinite
 * @complexity O(T), pure
 * @see PromptEcho: Annotation-Free Reward from Vision-Language Models for Text-to-Image Reinforcement Learning, 2026
 * @example promptEcho([-1, -3]).mean // → -2
 */
export function promptEcho(tokenLogProbabilities: readonly number[]): { readonly mean: number; readonly sum: number } {
  const { logProbability, meanLogProbability } = likelihoodOf(tokenLogProbabilities);
  return { mean: meanLogProbability, sum: logProbability };
}

function requireLogProbabilities(values: readonly number[]): void {
  if (values.length === 0) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no log-probability was given; at least one is needed");
  if (!values.every(Number.isFinite)) throw new GatewayError("SCORE_NOT_FINITE", "a log-probability is not a finite number");
}
