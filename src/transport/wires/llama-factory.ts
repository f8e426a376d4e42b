import { z } from "zod";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import { refuse } from "../request-rules.ts";
import { splitTemplated } from "./templated-text.ts";
import { itemOf, type WireKind } from "./wire.ts";

const Body = z.object({ model: z.string().nullish(), messages: listOf(z.string()) });

/**
 * LLaMA-Factory's reward API: each message is one templated text of prompt and response. Its client asks once and waits without end, so a
 * failure that may pass is tried again within the time of the call.
 */
export const llamaFactory: WireKind = {
  wire: "llamaFactory",
  routes: (path) => [
    {
      path,
      method: "LlamaFactoryScore",
      async answer(json, { scorePatiently }) {
        const { messages, model } = parseJson(Body, json);
        const rewards = messages.length === 0 ? [] : await scorePatiently(messages.map((text, i) => toItem(i, text)));
        return {
          id: "scoreval",
          object: "score.evaluation",
          model: model ?? "rewardgate",
          scores: rewards.map(([first]) => first!.reward),
        };
      },
    },
  ],
};

function toItem(index: number, text: string) {
  const split = splitTemplated(text);
  if (split === undefined) throw refuse(`messages[${index}]`, "holds no turn of the assistant in a chat template that is known");
  return itemOf(index, split.prompt, [split.response]);
}
