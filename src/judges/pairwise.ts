import type { Judge } from "../domain/judge.ts";
import { type Principles, principlesMissing } from "./generative/principles.ts";
import type { Fence } from "./generative/quoted-text.ts";
import { completionOf, leastValid, samplingsOf } from "./generative/sampling.ts";
import { type Comparer, comparing } from "./pairwise/comparing.ts";
import { opponentsMissing } from "./pairwise/contest.ts";
import { type PairwiseConfig, spaceOf } from "./pairwise/params.ts";
import { marksOf, pairQuestion, shownTexts } from "./pairwise/prompt.ts";
import { readPreference } from "./pairwise/read-preference.ts";
import { foreignToText, TEXT_ONLY } from "./shared/chat-asks.ts";

export { type PairwiseConfig, pairwiseSchema } from "./pairwise/params.ts";

/** What such a judge is made from, besides its configuration. */
export interface PairwiseSpec {
  readonly name: string;
  readonly revision: string;
  readonly principles: Principles;
  readonly fence: Fence;
}

/** Version of prompts and readers; part of the revision of every judge of this kind. */
export const PAIRWISE_VERSION = 1;

/** Likeliest tokens that are listed for each token, where they are read: as many as OpenAI allows. */
const ALTERNATIVES = 20;

/**
 * A generative judge that is asked which of two responses is better.
 *
 * Asks: for each pair and order `samples` chats, and each that could not be read once more; a knockout asks round by round. Reads: a JSON
 * object with a critique and the name of the better response or a tie; the verdict itself, or the probabilities of its token. Scale: unit
 * (win rate, mixture, rounds) or logits (Bradley–Terry), relative to the group. Sees the other candidates. Known bias: for a place, which both
 * orders measure and average out; for long, confident and flattering text, and text like its own.
 *
 * @see Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, arXiv:2306.05685
 * @see Rosset et al. 2024, Direct Nash Optimization: Teaching Language Models to Self-Improve with General Preferences, arXiv:2404.03715, for
 *   win rates and the mixture
 */
export function createPairwiseJudge({ name, revision, principles, fence }: PairwiseSpec, config: PairwiseConfig): Judge {
  const { reading, critique, opponents } = config;
  const samplings = samplingsOf(config);
  const prompt = { principles, critique, fence };
  const alternatives = reading.type === "probability" ? ALTERNATIVES : 0;
  const comparer: Comparer = {
    samples: samplings.length,
    minValid: leastValid(config),
    callFor: (item, first, second, sample, again) => ({
      type: "chat",
      ...pairQuestion(item, first, second, prompt, again),
      sampling: samplings[sample]!,
      alternatives,
    }),
    read(result, item, first, second) {
      const { names } = marksOf(item, first, second, prompt);
      return readPreference(completionOf(result), { reading, critique, names }, shownTexts(item, principles, first, second));
    },
  };
  return {
    name,
    revision,
    kind: "pairwise",
    backend: config.backend,
    space: spaceOf(config),
    determinism: { class: "none" },
    accepts: TEXT_ONLY,
    notApplicable: (item) => foreignToText(item) ?? principlesMissing(principles, item) ?? opponentsMissing(item, opponents),
    ...comparing(comparer, config),
  };
}
