import { z } from "zod";
import type { CallResult, LikelihoodCall, Segment } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import { baselineIndices, type Item, textOf } from "../domain/item.ts";
import type { Ask, Finding, Judge, RawScore } from "../domain/judge.ts";
import type { ScoreSpace } from "../domain/score-space.ts";
import { groupLikelihood, type Likelihood, likelihoodOf } from "./rules/likelihood.ts";
import { aroundCandidate, foreignToText, TEXT_ONLY, whyNot } from "./shared/chat-asks.ts";
import { type ChatTemplate, createChatTemplate } from "./shared/chat-template.ts";
import { SERVED_KEYS } from "./shared/served-keys.ts";
import { trimmed } from "./shared/trim.ts";

/** Counts changes of what is asked and how answers are read: part of the revision. */
export const LIKELIHOOD_VERSION = 1;

/** How the log-probabilities of tokens become a score. */
const READINGS = ["sum", "mean", "probability", "meanTokenProbability", "gain"] as const;
type Reading = (typeof READINGS)[number];

const SPACES: Readonly<Record<Reading, ScoreSpace>> = {
  sum: "logProbability",
  mean: "logProbability",
  probability: "unit",
  meanTokenProbability: "unit",
  gain: "native",
};

/** What `rewardgate.yaml` says about a judge of kind `likelihood`. */
export const likelihoodSchema = z
  .strictObject({
    kind: z.literal("likelihood").describe("How likely a model finds the reference answer behind a candidate, or the prompt given it."),
    ...SERVED_KEYS,
    of: z
      .enum(["reference", "prompt"])
      .default("reference")
      .describe(
        "What is scored: the item's `reference` as the continuation of the candidate, or the last message of the user as the answer to the " +
          "candidate. Default reference.",
      ),
    lead: z
      .string()
      .min(1)
      .describe(
        "Text between the candidate and what is scored, which may hold special tokens: `\\n\\nThe answer is: `, or a question about the candidate.",
      ),
    end: z
      .string()
      .default("")
      .describe(
        "Text behind what is scored, and scored with it, a token that ends a turn for example; without it 4 is as likely as what starts with 4. Default none.",
      ),
    reading: z
      .enum(READINGS)
      .default("sum")
      .describe(
        "`sum` of the log-probabilities; their `mean`; the `probability` of the whole; the `meanTokenProbability`; or `gain`, what the candidate " +
          "adds to the log of the mean probability over all candidates of the item. Default sum.",
      ),
  })
  .describe("How likely an engine's causal model finds a known text, given a candidate.");

export type LikelihoodConfig = z.output<typeof likelihoodSchema>;

/** What such a judge is made from, besides its configuration. */
export interface LikelihoodSpec {
  readonly name: string;
  readonly revision: string;
  /** Text of the chat template. */
  readonly template: string;
}

/**
 * How likely a causal model finds a known text, given a candidate.
 *
 * Asks: one call of likelihood per candidate: the conversation with the candidate, the lead, and what is scored. Reads: the
 * log-probability of each scored token. Scale: by the reading. Sees no other candidate, but for the reading `gain`, which
 * is made from those of the group. Known bias: a candidate that states the reference makes it likely, whatever led there; sums fall with the
 * length of the reference, which is the same for all candidates of an item and differs between items.
 *
 * @throws {GatewayError} CONFIG_INVALID when the template is not usable
 * @see Kwiatkowski et al. 2026, Likelihood-Based Reward Designs for General LLM Reasoning, arXiv:2602.03979
 * @see Tang et al. 2025, Beyond Verifiable Rewards: Scaling RL for LMs to Unverifiable Data (JEPO), arXiv:2503.19618
 */
export function createLikelihoodJudge({ name, revision, template: source }: LikelihoodSpec, config: LikelihoodConfig): Judge {
  const template = createChatTemplate(source);
  const { of, reading } = config;
  const isGroup = reading === "gain";
  const callsFor = of === "reference" ? referenceCalls(template, config) : promptCalls(template, config);
  return {
    name,
    kind: "likelihood",
    revision,
    backend: config.backend,
    space: SPACES[reading],
    determinism: { class: "none" },
    accepts: TEXT_ONLY,
    ...(isGroup && { bearsFailures: true as const }),
    notApplicable: (item) => {
      const unread = of === "reference" ? whyNot(item, template) : foreignToText(item);
      if (unread !== undefined || scoredText(item, of) !== "") return unread;
      return of === "reference" ? "the item has no reference answer" : "the prompt has no message of the user, or a blank one last";
    },
    encode(item) {
      const calls = callsFor(item);
      if (!isGroup) return calls.map((call, index): Ask => ({ candidates: [index], calls: [call] }));
      return [{ candidates: [...item.candidates.keys()], calls, reads: JSON.stringify(baselineIndices(item)) }];
    },
    decode(_ask, results, item) {
      if (isGroup) return gains(results, item);
      const likelihood = readLikelihood(results[0]);
      return [{ outcome: "scored", value: scoreOf(likelihood, reading), findings: findingsOf(likelihood) }];
    },
  };
}

type Calls = (item: Item) => LikelihoodCall[];

/** The reference as the continuation of the candidate's turn. */
function referenceCalls(template: ChatTemplate, { lead, end }: LikelihoodConfig): Calls {
  return (item) => {
    const { before, place } = aroundCandidate(item, template.layout(item.prompt));
    return item.candidates.map((candidate) => {
      const text = trimmed(textOf(candidate.content), place);
      return callOf([...before, { text, origin: "candidate" }, control(lead)], scoredText(item, "reference"), end);
    });
  };
}

/** The prompt as the assistant's answer to a user who shows the candidate and asks. */
function promptCalls(template: ChatTemplate, { lead, end }: LikelihoodConfig): Calls {
  return (item) =>
    item.candidates.map(({ content }) => {
      const shown: Item = { id: item.id, prompt: [{ role: "user", content: "" }], candidates: [{ content: "" }] };
      const layout = template.layout(shown.prompt);
      if ("refusal" in layout) throw new GatewayError("CONFIG_INVALID", layout.refusal);
      const segments: Segment[] = [];
      for (const piece of layout.pieces) {
        if ("control" in piece) segments.push(control(piece.control));
        else if (piece.message === 0) segments.push({ text: trimmed(textOf(content), piece), origin: "candidate" }, control(lead));
        else break;
      }
      return callOf(segments, scoredText(item, "prompt"), end);
    });
}

function callOf(before: readonly Segment[], scored: string, end: string): LikelihoodCall {
  const segments: Segment[] = [...before, { text: scored, origin: "prompt" }];
  if (end !== "") segments.push(control(end));
  return { type: "likelihood", segments, scoredFrom: before.length };
}

function control(text: string): Segment {
  return { text, origin: "control" };
}

/** What is scored, without white space at its ends, which belongs to the lead; empty where the item has nothing to score. */
function scoredText(item: Item, of: LikelihoodConfig["of"]): string {
  const last = item.prompt.findLast(({ role }) => role === "user");
  const text = of === "reference" ? (item.reference ?? "") : last === undefined ? "" : textOf(last.content);
  return trimmed(text, { message: 0, trim: { start: "whiteSpace", end: "whiteSpace" } });
}

function readLikelihood(result: CallResult | undefined): Likelihood & { readonly tokens: number } {
  const tokens = result?.outputs.logProbabilities;
  if (tokens === undefined) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", "the backend gave no log-probabilities");
  return { ...likelihoodOf([...tokens]), tokens: tokens.length };
}

function scoreOf(likelihood: Likelihood, reading: Exclude<Reading, "gain">): number {
  switch (reading) {
    case "sum":
      return likelihood.logProbability;
    case "mean":
      return likelihood.meanLogProbability;
    case "probability":
      return likelihood.probability;
    case "meanTokenProbability":
      return likelihood.meanTokenProbability;
  }
}

function findingsOf(likelihood: Likelihood & { readonly tokens: number }): Finding[] {
  return [
    { name: "log-probability", value: likelihood.logProbability },
    { name: "tokens", value: likelihood.tokens },
  ];
}

/**
 * What each candidate adds to the log of the mean probability: with it, less without it. A baseline is held against the candidates, and is in
 * the company of none.
 */
function gains(results: readonly CallResult[], item: Item): RawScore[] {
  const baselines = new Set(baselineIndices(item));
  const read = results.map((result) => readOrFailure(result));
  const group = read.flatMap((likelihood, index) =>
    likelihood instanceof GatewayError || baselines.has(index) ? [] : [{ index, value: likelihood.logProbability }],
  );
  return read.map((likelihood, index): RawScore => {
    if (likelihood instanceof GatewayError) return { outcome: "failed", error: likelihood };
    const others = group.filter((one) => one.index !== index).map(({ value }) => value);
    if (others.length === 0) return { outcome: "abstained", message: "the item has no other candidate to compare with" };
    const withIt = groupLikelihood([...others, likelihood.logProbability]).logMeanExp;
    const without = groupLikelihood(others).logMeanExp;
    const findings = [...findingsOf(likelihood), { name: "group", value: withIt }, { name: "group without it", value: without }];
    return { outcome: "scored", value: withIt - without, findings };
  });
}

function readOrFailure(result: CallResult): (Likelihood & { readonly tokens: number }) | GatewayError {
  if (result.failure !== undefined) return result.failure;
  try {
    return readLikelihood(result);
  } catch (thrown) {
    return GatewayError.from(thrown);
  }
}
