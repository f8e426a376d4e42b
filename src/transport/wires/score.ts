import { z } from "zod";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import { refuse } from "../request-rules.ts";
import { itemOf, type WireKind } from "./wire.ts";

const texts = z.union([z.string(), listOf(z.string())]);
const Body = z.object({
  model: z.string().nullish(),
  text_1: texts.optional(),
  text_2: texts.optional(),
  data_1: texts.optional(),
  data_2: texts.optional(),
  queries: texts.optional(),
  documents: texts.optional(),
  items: texts.optional(),
});

/** Names under which clients of one version or another send the two sides. */
const SIDES = [
  ["text_1", "text_2"],
  ["data_1", "data_2"],
  ["queries", "documents"],
  ["queries", "items"],
] as const;

/**
 * Pairs as vLLM's `/score` takes them: the first side is the prompt, the second what is judged. One prompt with many texts is a group;
 * otherwise the sides are equally long and go together place by place.
 */
export const score: WireKind = {
  wire: "score",
  routes: (path) => [
    {
      path,
      method: "Score",
      async answer(json, caller) {
        const body = parseJson(Body, json);
        const names = SIDES.find(([first, second]) => body[first] !== undefined && body[second] !== undefined);
        if (names === undefined) throw refuse("text_1", "text_1 and text_2 are required, or queries and documents");
        const prompts = textsIn(body[names[0]]!);
        const judged = textsIn(body[names[1]]!);
        if (prompts.length !== 1 && prompts.length !== judged.length) {
          throw refuse(names[1], `${judged.length} texts for ${prompts.length} of ${names[0]}; send one prompt, or as many as texts`);
        }
        const turn = (content: string) => [{ role: "user" as const, content }];
        const items =
          prompts.length === 1 ? [itemOf(0, turn(prompts[0]!), judged)] : prompts.map((prompt, i) => itemOf(i, turn(prompt), [judged[i]!]));
        const rewards = judged.length === 0 ? [] : (await caller.score(items)).flat();
        const tokens = rewards.reduce((sum, reward) => sum + reward.tokens, 0);
        return {
          id: "score",
          object: "list",
          created: 0,
          model: body.model ?? "rewardgate",
          data: rewards.map(({ reward }, index) => ({ index, object: "score", score: reward })),
          usage: { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0 },
        };
      },
    },
  ],
};

function textsIn(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
