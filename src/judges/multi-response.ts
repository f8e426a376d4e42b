import { z } from "zod";
import type { CallResult, ForwardCall, Overlong, Segment } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import { baselineIndices, type Item, textOf } from "../domain/item.ts";
import type { Finding, JudgeKind, RawScore } from "../domain/judge.ts";
import { listwiseChoice } from "./multi-response/listwise-choice.ts";
import { type PassOptions, planPasses } from "./multi-response/passes.ts";
import { aroundCandidate, TEXT_ONLY, whyNot } from "./shared/chat-asks.ts";
import { type ChatTemplate, createChatTemplate } from "./shared/chat-template.ts";
import { trimmed } from "./shared/trim.ts";

const params = z
  .strictObject({
    outputs: z
      .strictObject({
        scores: z
          .string()
          .min(1)
          .describe(
            "Name of the output tensor that holds `most` numbers per text: the scores in order, then NaN where there is no candidate.",
          ),
      })
      .describe("Names of the model's output tensors."),
    most: z.int().min(2).max(256).describe("Most candidates of one pass, which is the width of the output."),
    company: z
      .enum(["seen", "unseen"])
      .describe(
        "Whether a candidate's score depends on the others of its pass. `unseen`: every candidate reads the prompt and itself, so passes " +
          "can be cut anywhere; `seen`: scores mean something within a pass only.",
      ),
    beyond: z
      .enum(["refuse", "chunk"])
      .describe(
        "A group of more than `most` candidates: `refuse` fails it, `chunk` takes several passes, which where company is seen share their " +
          "first `anchors` candidates and are shifted to one level.",
      ),
    anchors: z.int().min(1).default(1).describe("Candidates that the passes of one group share. Default 1."),
    orders: z
      .int()
      .min(1)
      .max(256)
      .default(1)
      .describe("Orders that a group is asked in, cyclic shifts, at most one per candidate; the scores are averaged. Default 1: as given."),
  })
  .check((context) => {
    const { anchors, most, company, orders } = context.value;
    const issue = (path: string, message: string) => context.issues.push({ code: "custom", path: [path], message, input: context.value });
    if (anchors >= most) issue("anchors", "must be fewer than `most`, or a further pass has no room");
    if (company === "unseen" && orders > 1) issue("orders", "must be 1 where company is unseen: the order of candidates changes nothing");
  });

/**
 * A model that reads a prompt once, then all of its candidates, and gives each a score (You Only Judge Once).
 *
 * Asks: one forward call for the whole group; several where it is longer than the model reads at once, or where the order is averaged
 * out. Reads: the output tensor `outputs.scores`, a number per candidate in the order of the call. Scale: the judge's declared space, mostly
 * logits, of which differences within the group have meaning, and the softmax over them is the probability of being the best. Sees the
 * other candidates where `company` is seen. Known biases: long text, and where company is seen the order of the candidates.
 *
 * @see Yang et al. 2026, You Only Judge Once: Multi-response Reward Modeling in a Single Forward Pass, arXiv:2604.10966
 */
export const multiResponse: JudgeKind<z.infer<typeof params>> = {
  kind: "multi_response",
  params,
  settable: ["beyond", "anchors", "orders"],
  create(spec, { outputs, beyond, ...passes }) {
    const template = createChatTemplate(spec.template);
    requireMarker(template);
    return {
      name: spec.name,
      kind: "multi_response",
      revision: spec.revision,
      backend: spec.backend,
      space: spec.space,
      determinism: spec.determinism,
      accepts: TEXT_ONLY,
      notApplicable: (item) => whyNot(item, template),
      encode(item) {
        if (beyond === "refuse") requireFit(item, passes);
        const plan = planPasses(item, passes);
        const calls = plan.passes.map((members, pass) => {
          const call = callOver(item, members, template, spec.overlong);
          // Which candidates are baselines decides the findings, and an answer is kept by its calls: a stretch without text tells them apart.
          return pass < plan.ofGroup ? call : { ...call, segments: [...call.segments, NOTHING] };
        });
        return [{ candidates: item.candidates.map((_, index) => index), calls }];
      },
      decode(_ask, results, item) {
        const plan = planPasses(item, passes);
        const scores = plan.passes.map((members, pass) => readScores(results[pass], outputs.scores, members.length, passes.most));
        const { scores: joined, orderSpreads } = plan.join(scores);
        const strangers = baselineIndices(item);
        const own = joined.map((_, index) => index).filter((index) => !strangers.includes(index));
        const { probabilities } = listwiseChoice(own.map((index) => joined[index]!));
        return joined.map((value, index): RawScore => {
          const findings: Finding[] = [];
          const at = own.indexOf(index);
          if (at >= 0) findings.push({ name: "best of the group", value: probabilities[at]! });
          if (orderSpreads !== undefined) findings.push({ name: "spread over orders", value: orderSpreads[index]! });
          return { outcome: "scored", value, findings };
        });
      },
    };
  },
};

const NOTHING: Segment = { text: "", origin: "control" };

/** One pass: the prompt, then each candidate with what the template writes after one. */
function callOver(item: Item, members: readonly number[], template: ChatTemplate, overlong: Overlong): ForwardCall {
  const { before, after, place } = aroundCandidate(item, template.layout(item.prompt));
  const textAt = (index: number) => trimmed(textOf(item.candidates[index]!.content), place);
  const group = members.flatMap((index) => [{ text: textAt(index), origin: "candidate" as const }, ...after]);
  return { type: "forward", segments: [...before, ...group], overlong };
}

/** @throws {GatewayError} CONFIG_INVALID when nothing would stand between candidates, so that there is no place to read a score at */
function requireMarker(template: ChatTemplate): void {
  const item: Item = { id: "", prompt: [{ role: "user", content: "" }], candidates: [{ content: "" }] };
  if (aroundCandidate(item, template.layout(item.prompt)).after.length > 0) return;
  throw new GatewayError(
    "CONFIG_INVALID",
    "the chat template writes nothing after the candidate: end it with the marker that scores are read at",
  );
}

function requireFit(item: Item, { most }: PassOptions): void {
  const size = item.candidates.length - baselineIndices(item).length;
  if (size <= most) return;
  throw new GatewayError(
    "ITEM_TOO_LONG",
    `the judge reads ${most} candidates at once and the group has ${size}: send fewer, or set \`beyond: chunk\``,
    { details: { itemId: item.id, limit: most } },
  );
}

/**
 * The scores of one pass.
 *
 * @param count candidates of the pass; the model must have found as many markers, neither more nor fewer
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when the tensor is missing, of another width, or tells of more candidates;
 *   SCORE_NOT_FINITE when a candidate has no finite number
 */
function readScores(result: CallResult | undefined, name: string, count: number, most: number): number[] {
  const tensor = result?.outputs[name];
  if (tensor === undefined) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", `the model gave no output named "${name}"`);
  if (tensor.length !== most) {
    throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", `output "${name}" holds ${tensor.length} numbers where ${most} were expected`);
  }
  if (tensor.subarray(count).some((value) => !Number.isNaN(value))) {
    throw new GatewayError(
      "JUDGE_OUTPUT_UNREADABLE",
      `output "${name}" holds more scores than the ${count} candidates that were asked about`,
    );
  }
  const scores = [...tensor.subarray(0, count)];
  if (!scores.every(Number.isFinite)) throw new GatewayError("SCORE_NOT_FINITE", `output "${name}" holds a score that is not finite`);
  return scores;
}
