import { z } from "zod";
import type { CallResult, ForwardCall } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import { firstForeignPart, type Item, textOf } from "../domain/item.ts";
import type { JudgeKind } from "../domain/judge.ts";
import { bestMatchSimilarity } from "./rules/bmas.ts";
import { aroundCandidate, TEXT_ONLY } from "./shared/chat-asks.ts";
import { createChatTemplate } from "./shared/chat-template.ts";
import { trimmed } from "./shared/trim.ts";

const params = z.strictObject({
  outputs: z
    .strictObject({
      embeddings: z
        .string()
        .min(1)
        .describe("Name of the output tensor with a vector for each token of a text, in order, then anything on the padding."),
    })
    .describe("Names of the model's output tensors."),
  dimensions: z.int().min(1).max(65_536).describe("Numbers of one vector."),
  measure: z
    .enum(["bmas", "f1"])
    .default("bmas")
    .describe("`bmas`: the mean of precision and recall; `f1`: their harmonic mean, 0 where their sum is not positive. Default bmas."),
});

/**
 * How near a candidate is to the item's reference, by best-match average similarity of the vectors of their tokens.
 *
 * Asks: two forward calls per candidate, over its text alone and over the reference alone; the second is the same call for every candidate,
 * so it runs once. Reads: a vector for each token. Scale: native, a mean of cosines in [−1, 1]. Sees neither the prompt nor another
 * candidate. A blank candidate scores 0. Known bias: it sees which words there are and not what they say; "not" costs a word.
 *
 * @see Xu et al. 2025, Mixed-R1: Unified Reward Perspective For Reasoning Capability in Multimodal Large Language Models, arXiv:2505.24164
 */
export const similarity: JudgeKind<z.output<typeof params>> = {
  kind: "similarity",
  params,
  settable: ["measure"],
  create(spec, { outputs, dimensions, measure }) {
    if (spec.space !== "native") {
      throw new GatewayError("CONFIG_INVALID", `a similarity lies in [−1, 1] and judge.yaml says ${spec.space}: state \`space: native\``);
    }
    const layout = createChatTemplate(spec.template).layout([]);
    const frameOf = (item: Item) => aroundCandidate({ ...item, prompt: [] }, layout);
    return {
      name: spec.name,
      kind: "similarity",
      revision: spec.revision,
      backend: spec.backend,
      space: spec.space,
      determinism: spec.determinism,
      accepts: TEXT_ONLY,
      notApplicable(item) {
        // The prompt is not read, so it may hold images.
        const foreign = firstForeignPart({ ...item, prompt: [] }, TEXT_ONLY);
        if (foreign !== undefined) return `the judge reads text and a candidate holds a part of type ${foreign}`;
        if ((item.reference ?? "").trim() === "") return "the item has no reference to compare with";
        return undefined;
      },
      encode(item) {
        const { before, after, place } = frameOf(item);
        const call = (text: string): ForwardCall => ({
          type: "forward",
          segments: [...before, { text: trimmed(text, place), origin: "candidate" }, ...after],
          overlong: spec.overlong,
        });
        const reference = call(item.reference!);
        return item.candidates.map(({ content }, index) => {
          const text = textOf(content);
          // Without a token there is nothing to ask, and nothing that is similar.
          return { candidates: [index], calls: text.trim() === "" ? [] : [call(text), reference] };
        });
      },
      decode({ calls }, results) {
        if (calls.length === 0) return [{ outcome: "scored", value: 0 }];
        const [candidate, reference] = [0, 1].map((at) => vectorsOf(results[at], outputs.embeddings, dimensions));
        const match = bestMatchSimilarity(candidate!, reference!);
        const findings = (["precision", "recall"] as const).map((name) => ({ name, value: match[name] }));
        return [{ outcome: "scored", value: match[measure], findings }];
      },
    };
  },
};

/**
 * The vectors of a text's tokens, without those of the padding behind them.
 *
 * @returns shape [tokens][dimensions]
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when the tensor is missing, holds fewer vectors than the text has tokens or a part of one, or
 *   when one is zero and points nowhere; SCORE_NOT_FINITE when a vector holds a NaN or an infinity
 */
function vectorsOf(result: CallResult | undefined, name: string, dimensions: number): Float32Array[] {
  const tensor = result?.outputs[name];
  if (result === undefined || tensor === undefined) {
    throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", `the model gave no output named "${name}"`);
  }
  if (tensor.length % dimensions !== 0 || tensor.length < result.tokens * dimensions) {
    const expected = `${result.tokens} vectors of ${dimensions}`;
    throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", `output "${name}" holds ${tensor.length} numbers where ${expected} were expected`);
  }
  return Array.from({ length: result.tokens }, (_, token) => {
    const vector = Float32Array.from(tensor.subarray(token * dimensions, (token + 1) * dimensions));
    if (!vector.every(Number.isFinite)) throw new GatewayError("SCORE_NOT_FINITE", `output "${name}" holds a value that is not finite`);
    if (vector.every((value) => value === 0)) {
      throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", `output "${name}" holds a vector of zeros, which is similar to nothing`);
    }
    return vector;
  });
}
