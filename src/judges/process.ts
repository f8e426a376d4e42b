import { z } from "zod";
import type { CallResult, Overlong, Segment } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Candidate } from "../domain/item.ts";
import type { Ask, Finding, Judge, JudgeKind, JudgeSpec, RawScore } from "../domain/judge.ts";
import { aggregateSteps } from "../reward/process/step-scores.ts";
import { placeOnTokens, tokenEnds } from "../reward/process/token-rewards.ts";
import { clipSteps, deltaSteps } from "../reward/transforms/step-rewards.ts";
import { type StepSettings, spaceOfSteps, stepSettings } from "./process/params.ts";
import { readSteps } from "./process/read-steps.ts";
import { type SplitCandidate, splitCandidate } from "./process/split-candidate.ts";
import { aroundCandidate, TEXT_ONLY, whyNot } from "./shared/chat-asks.ts";
import { createChatTemplate } from "./shared/chat-template.ts";

export { servedProcessSchema } from "./process/params.ts";

const params = z.strictObject({
  outputs: z
    .strictObject({
      steps: z.string().min(1).describe("Name of the output tensor with a number for each marker of a text, in order, then NaN."),
    })
    .describe("Names of the model's output tensors."),
  ...stepSettings,
});

/** What such a judge is made from: the spec, the settings and the tensor that it reads. */
export type ProcessConfig = z.output<typeof params>;

/**
 * A process reward model: it scores each step of a response.
 *
 * Asks: one forward call per candidate, over the prompt and the candidate with the model's marker after each step. Reads: the
 * probability that each step is right, all from the one call; the scalar is their aggregation. Scale: by the aggregation. Sees no
 * other candidate. Known bias: sums and products fall with every step, and a model reads the place of a step as much as its content.
 *
 * @see Du et al. 2025, MM-PRM: Enhancing Multimodal Mathematical Reasoning with Scalable Step-Level Supervision, arXiv:2505.13427
 */
export const process: JudgeKind<ProcessConfig> = {
  kind: "process",
  params,
  settable: ["steps", "shaping", "placement"],
  create(spec, config) {
    const space = spaceOfSteps(config.aggregation);
    if (spec.space !== space) {
      const fit = `the aggregation ${config.aggregation} gives numbers of space ${space}`;
      throw new GatewayError("CONFIG_INVALID", `${fit} and judge.yaml says ${spec.space}: state \`space: ${space}\``);
    }
    return createProcessJudge(spec, config);
  },
};

/** The judge itself. A candidate is read whole: where `spec.overlong` allows to drop text, the oldest of the prompt goes. */
export function createProcessJudge(spec: Omit<JudgeSpec, "space">, config: ProcessConfig): Judge {
  const template = createChatTemplate(spec.template);
  const overlong: Overlong = spec.overlong === "truncate" ? "truncatePrompt" : spec.overlong;

  function ask(index: number, candidate: Candidate, { before, after }: { before: readonly Segment[]; after: readonly Segment[] }): Ask {
    const split = orRefusal(candidate, config);
    // Without a step there is nothing to ask; `decode` says why.
    if (split instanceof GatewayError || split.steps.length === 0) return { candidates: [index], calls: [] };
    const segments = split.steps.flatMap(({ start, end }): Segment[] => [
      { text: split.text.slice(start, end), origin: "candidate" },
      { text: config.marker, origin: "control" },
    ]);
    return {
      candidates: [index],
      calls: [{ type: "forward", segments: [...before, ...segments, ...after], overlong }],
      // Equal steps may stand at other places, and belong to other tokens.
      reads: JSON.stringify([split.steps.map(({ start, end }) => [start, end]), split.tokens?.map(([, end]) => end) ?? []]),
    };
  }

  return {
    name: spec.name,
    kind: "process",
    revision: spec.revision,
    backend: spec.backend,
    space: spaceOfSteps(config.aggregation),
    determinism: spec.determinism,
    accepts: TEXT_ONLY,
    notApplicable: (item) => whyNot(item, template),
    encode(item) {
      const frame = aroundCandidate(item, template.layout(item.prompt));
      return item.candidates.map((candidate, index) => ask(index, candidate, frame));
    },
    decode({ candidates }, results, item) {
      const split = orRefusal(item.candidates[candidates[0]!]!, config);
      if (split instanceof GatewayError) throw split;
      if (split.steps.length === 0) return [{ outcome: "abstained", message: "the candidate is blank: it has no step to judge" }];
      return [scoreOf(split, results, config)];
    },
  };
}

function orRefusal(candidate: Candidate, config: StepSettings): SplitCandidate | GatewayError {
  try {
    return splitCandidate(candidate, config);
  } catch (thrown) {
    return GatewayError.from(thrown);
  }
}

function scoreOf({ steps, tokens }: SplitCandidate, results: readonly CallResult[], config: ProcessConfig): RawScore {
  const probabilities = readSteps(results, config.outputs.steps, steps.length, config.reading);
  const rewards = shaped(probabilities, config.shaping);
  const value = aggregateSteps([...probabilities], config.aggregation)!;
  const findings = steps.flatMap(({ start, end }, h): Finding[] => {
    const step = { name: `step ${h + 1}`, value: probabilities[h]!, start, end };
    return config.shaping.by === "none" ? [step] : [step, { ...step, name: `reward ${h + 1}`, value: rewards[h]! }];
  });
  if (tokens === undefined) return { outcome: "scored", value, findings };
  const tokenRewards = placeOnTokens(rewards, tokenEnds(steps, tokens), tokens.length, config.placement);
  return { outcome: "scored", value, findings, tokenRewards };
}

function shaped(steps: Float64Array, shaping: StepSettings["shaping"]): Float64Array {
  switch (shaping.by) {
    case "none":
      return steps;
    case "clip":
      return clipSteps(steps, shaping.eta);
    case "delta":
      return deltaSteps(steps);
    case "clipDelta":
      return deltaSteps(clipSteps(steps, shaping.eta));
  }
}
