import { z } from "zod";
import { ROLES } from "../../domain/item.ts";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import { continueTemplated, withoutEndings } from "./templated-text.ts";
import { itemOf, referenceOf, type ScoreItems, type WireKind, type WireReward } from "./wire.ts";

const Body = z.object({
  prompt: z.union([z.string(), listOf(z.object({ role: z.enum(ROLES), content: z.string() })).min(1)]),
  response: z.string(),
  label: z.unknown().optional(),
});

/**
 * slime's remote reward model: the whole JSON body of the answer is the reward. The route answers a bare number; the one with `:object`
 * behind it an object, for `--reward-key reward`. Responses come with the mark that ended them, unless the rollout skips special tokens.
 */
export const slime: WireKind = {
  wire: "slime",
  routes: (path) => [
    { path, method: "SlimeReward", answer: async (json, { score }) => (await scoreOne(json, score)).reward },
    {
      path: `${path}:object`,
      method: "SlimeRewardObject",
      async answer(json, { score }) {
        const { reward, failed } = await scoreOne(json, score);
        return { reward, failed: failed ? 1 : 0 };
      },
    },
  ],
};

async function scoreOne(json: unknown, score: ScoreItems): Promise<WireReward> {
  const { prompt, response, label } = parseJson(Body, json);
  const written = withoutEndings(response);
  const judged = typeof prompt === "string" ? continueTemplated(prompt, written) : { prompt, response: written };
  const [rewards] = await score([itemOf(0, judged.prompt, [judged.response], referenceOf(label, "label"))]);
  return rewards![0]!;
}
