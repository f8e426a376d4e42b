import { z } from "zod";
import type { JudgeKind } from "../domain/judge.ts";
import { SCORE_SPACES } from "../domain/score-space.ts";
import { chatAsks, TEXT_ONLY } from "./shared/chat-asks.ts";
import { readOutput } from "./shared/read-output.ts";
import { SERVED_KEYS } from "./shared/served-keys.ts";

const params = z.strictObject({
  outputs: z
    .strictObject({ score: z.string().min(1).describe("Name of the output tensor that holds the score, one number per text.") })
    .describe("Names of the model's output tensors."),
});

/** What `rewardgate.yaml` says about a scalar reward model that an engine serves. */
export const servedScalarSchema = z
  .strictObject({
    kind: z.literal("scalar").describe("A reward model with one number for each conversation."),
    ...SERVED_KEYS,
    space: z.enum(SCORE_SPACES).default("logit").describe("What a raw score means. Default logit."),
  })
  .describe("A scalar reward model that an engine serves.");

/**
 * A reward model with one number per conversation, as trained on preference pairs (Bradley–Terry).
 *
 * Asks: one forward call per candidate, over the prompt and the candidate in the judge's chat template.
 * Reads: the one number of the output tensor `outputs.score`. Scale: the judge's declared space, mostly logits, of which only
 * differences within a prompt have meaning. Sees no other candidate. Known bias: such models favour long text.
 */
export const scalar: JudgeKind<z.infer<typeof params>> = {
  kind: "scalar",
  params,
  create(spec, { outputs }) {
    const asks = chatAsks(spec.template, spec.overlong);
    return {
      name: spec.name,
      kind: "scalar",
      revision: spec.revision,
      backend: spec.backend,
      space: spec.space,
      determinism: spec.determinism,
      accepts: TEXT_ONLY,
      notApplicable: asks.notApplicable,
      encode: asks.encode,
      decode: (_ask, results) => [{ outcome: "scored", value: readOutput(results, outputs.score, 1)[0]! }],
    };
  },
};
