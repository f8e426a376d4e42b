import { z } from "zod";
import { type Item, ROLES } from "../../domain/item.ts";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import { refuse } from "../request-rules.ts";
import { splitTemplated } from "./templated-text.ts";
import { itemOf, type WireKind } from "./wire.ts";

const Body = z.object({
  model: z.string().nullish(),
  input: z.union([z.string(), listOf(z.string())]).optional(),
  messages: listOf(z.object({ role: z.enum(ROLES), content: z.string() })).optional(),
});
type Body = z.output<typeof Body>;

/**
 * What verl asks an engine for: `/classify` as vLLM answers it and `/v1/embeddings` as SGLang does, with the reward as the last number. The
 * input is one templated conversation, or `messages`, whose last turn is the candidate. Fields that say how an engine should shape its
 * scores (`activation`, `use_activation`, `softmax`) mean nothing here: the reward is the panel's.
 */
export const classify: WireKind = {
  wire: "classify",
  routes: (path) => [
    {
      path,
      method: "Classify",
      async answer(json, { score }) {
        const body = parseJson(Body, json);
        const rewards = await score(itemsOf(body));
        const data = rewards.map(([first], index) => ({ index, label: null, probs: [first!.reward], num_classes: 1 }));
        return { id: "classify", object: "list", created: 0, model: body.model ?? "rewardgate", data, usage: usageOf(rewards) };
      },
    },
    {
      path: "/v1/embeddings",
      method: "Embeddings",
      async answer(json, { score }) {
        const body = parseJson(Body, json);
        const rewards = await score(itemsOf(body));
        const data = rewards.map(([first], index) => ({ index, object: "embedding", embedding: [first!.reward] }));
        return { object: "list", model: body.model ?? "rewardgate", data, usage: usageOf(rewards) };
      },
    },
  ],
};

function itemsOf({ input, messages }: Body): Item[] {
  if (messages !== undefined) {
    const last = messages.at(-1);
    if (messages.length < 2 || last?.role !== "assistant") throw refuse("messages", "end with no turn of the assistant, which is judged");
    return [itemOf(0, messages.slice(0, -1), [last.content])];
  }
  const texts = typeof input === "string" ? [input] : (input ?? []);
  if (texts.length === 0) throw refuse("input", "input or messages are required");
  return texts.map((text, i) => {
    const split = splitTemplated(text);
    if (split === undefined) throw refuse(`input[${i}]`, "holds no turn of the assistant in a chat template that is known");
    return itemOf(i, split.prompt, [split.response]);
  });
}

function usageOf(rewards: readonly (readonly { readonly tokens: number }[])[]) {
  const tokens = rewards.reduce((sum, [first]) => sum + first!.tokens, 0);
  return { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0 };
}
