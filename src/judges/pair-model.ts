import type { ForwardCall, Segment } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import { type Item, textOf } from "../domain/item.ts";
import type { JudgeKind } from "../domain/judge.ts";
import { sigmoid } from "../reward/numerics.ts";
import { type Comparer, comparing } from "./pairwise/comparing.ts";
import { opponentsMissing } from "./pairwise/contest.ts";
import { COMPARING_NAMES, type PairModelParams, pairModelParams, spaceOf } from "./pairwise/params.ts";
import { explain, TEXT_ONLY, whyNot } from "./shared/chat-asks.ts";
import { createChatTemplate } from "./shared/chat-template.ts";
import { readOutput } from "./shared/read-output.ts";
import { trimmed } from "./shared/trim.ts";

/**
 * A model that reads the prompt and two responses together and says how much better the first is (a cross-encoder).
 *
 * Asks: for each pair and order one forward call, over the prompt and both responses in the judge's chat template, whose last two messages
 * they are; a knockout asks round by round. Reads: the one number of `outputs.score`, the logit that the first response is better. Scale: unit
 * (win rate, mixture, rounds) or logits (Bradley–Terry), relative to the group. Sees the other candidates. Known bias: for a place, which
 * both orders measure and average out.
 *
 * @see Jiang et al. 2023, LLM-Blender: Ensembling Large Language Models with Pairwise Ranking and Generative Fusion, arXiv:2306.02561
 */
export const pairModel: JudgeKind<PairModelParams> = {
  kind: "pairwise",
  params: pairModelParams,
  settable: COMPARING_NAMES,
  create(spec, { outputs, ...params }) {
    const { name, revision, backend, determinism, overlong } = spec;
    const template = createChatTemplate(spec.template, { judged: 2 });
    const comparer: Comparer = {
      samples: 1,
      minValid: 1,
      callFor(item, first, second): ForwardCall {
        const layout = template.layout(item.prompt);
        if ("refusal" in layout) throw new GatewayError("REQUEST_INVALID", explain(layout.refusal), { details: { itemId: item.id } });
        const segments = layout.pieces.map((piece): Segment => {
          if ("control" in piece) return { text: piece.control, origin: "control" };
          const message = item.prompt[piece.message];
          if (message !== undefined) return { text: trimmed(textOf(message.content), piece), origin: "prompt" };
          return { text: trimmed(piece.message === item.prompt.length ? first : second, piece), origin: "candidate" };
        });
        return { type: "forward", segments, overlong };
      },
      read: (result) => ({ status: "read", first: sigmoid(readOutput([result], outputs.score, 1)[0]!) }),
    };
    return {
      name,
      revision,
      kind: "pairwise",
      backend,
      // The configuration may ask for another score than the bundle does.
      space: spaceOf(params),
      determinism,
      accepts: TEXT_ONLY,
      notApplicable: (item: Item) => whyNot(item, template) ?? opponentsMissing(item, params.opponents),
      ...comparing(comparer, params),
    };
  },
};
