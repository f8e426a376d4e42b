import { z } from "zod";
import type { Segment } from "../domain/backend.ts";
import { type Item, textOf } from "../domain/item.ts";
import type { JudgeKind } from "../domain/judge.ts";
import { breakMarks, marksOf } from "../domain/marks.ts";
import { SCORE_SPACES } from "../domain/score-space.ts";
import { aroundCandidate, TEXT_ONLY, whyNot } from "./shared/chat-asks.ts";
import { createChatTemplate, type Layout } from "./shared/chat-template.ts";
import { readOutput } from "./shared/read-output.ts";
import { SERVED_KEYS } from "./shared/served-keys.ts";
import { trimmed } from "./shared/trim.ts";

const params = z.strictObject({
  outputs: z
    .strictObject({ score: z.string().min(1).describe("Name of the output tensor that holds the score, one number per text.") })
    .describe("Names of the model's output tensors."),
});

/** What `rewardgate.yaml` says about a verifier that an engine serves. */
export const servedVerifierSchema = z
  .strictObject({
    kind: z
      .literal("verifier")
      .describe("A reward model that reads question, reference answer and response, with one number for the three."),
    ...SERVED_KEYS,
    space: z.enum(SCORE_SPACES).default("logit").describe("What a raw score means. Default logit."),
  })
  .describe("A verifier that an engine serves; its template shows `reference` too.");

/**
 * A reward model that reads question, reference answer and response, with one number for the three.
 *
 * Asks: one forward call per candidate, over the prompt, the item's reference and the candidate in the judge's template. Reads: the one number
 * of the output tensor `outputs.score`. Scale: the judge's declared space, mostly the logit that the response is right, of which σ is a
 * probability once it is calibrated. Sees no other candidate. Known bias: what looks like the reference passes, whatever led there.
 *
 * @see Hong et al. 2025, Cooper: Co-Optimizing Policy and Reward Models in Reinforcement Learning for Large Language Models, arXiv:2508.05613
 * @see Dou et al. 2025, Pre-Trained Policy Discriminators are General Reward Models (POLAR), arXiv:2507.05197
 */
export const verifier: JudgeKind<z.infer<typeof params>> = {
  kind: "verifier",
  params,
  create(spec, { outputs }) {
    const template = createChatTemplate(spec.template, { reference: true });
    return {
      name: spec.name,
      kind: "verifier",
      revision: spec.revision,
      backend: spec.backend,
      space: spec.space,
      determinism: spec.determinism,
      accepts: TEXT_ONLY,
      notApplicable: (item) => whyNot(item, template) ?? (isBlank(item) ? "the item has no reference to verify against" : undefined),
      encode(item) {
        const layout = template.layout(item.prompt);
        const { before, after, place } = aroundCandidate(item, layout);
        const marks = marksOf([...before, ...after]);
        const start = before.map((segment) => withoutMarks(segment, marks));
        const end = after.map((segment) => withoutMarks(segment, marks));
        // An answer is mostly at the end of a response, so one that is cut is another response.
        const overlong = spec.overlong === "error" || repeats(layout) ? "error" : "truncatePrompt";
        return item.candidates.map(({ content }, index) => {
          const candidate = withoutMarks({ text: trimmed(textOf(content), place), origin: "candidate" }, marks);
          return { candidates: [index], calls: [{ type: "forward", segments: [...start, candidate, ...end], overlong }] };
        });
      },
      decode: (_ask, results) => [{ outcome: "scored", value: readOutput(results, outputs.score, 1)[0]! }],
    };
  },
};

function isBlank({ reference = "" }: Item): boolean {
  return reference.trim() === "";
}

/** Templates of verifiers set their parts apart with tags that are no special tokens, which any backend would take from a text too. */
function withoutMarks(segment: Segment, marks: readonly string[]): Segment {
  return segment.origin === "control" ? segment : { ...segment, text: breakMarks(segment.text, marks).text };
}

/** Whether a message of the prompt stands in several places, which would be cut differently. */
function repeats(layout: Layout): boolean {
  const places = "pieces" in layout ? layout.pieces.flatMap((piece) => ("message" in piece ? [piece.message] : [])) : [];
  return new Set(places).size < places.length;
}
