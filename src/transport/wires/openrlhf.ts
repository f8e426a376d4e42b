import { z } from "zod";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import { refuse } from "../request-rules.ts";
import { type Conversation, continueTemplated, responseOfTemplated, splitTemplated } from "./templated-text.ts";
import { itemOf, referenceOf, type WireKind } from "./wire.ts";

const Body = z.object({
  query: listOf(z.string()),
  prompts: listOf(z.string()).optional(),
  labels: listOf(z.unknown()).optional(),
});

/**
 * OpenRLHF's remote reward model. A query is the templated prompt with the response behind it, prompts hold the templated prompts, a label
 * is the reference answer. Newer clients send one sample a call, and empty lists to every further address, which get an empty answer.
 * The keys of `extra_logs` are the same in every answer, since the client takes them from the first.
 */
export const openrlhf: WireKind = {
  wire: "openrlhf",
  routes: (path) => [
    {
      path,
      method: "OpenrlhfGetReward",
      async answer(json, { score }) {
        const { query, prompts = [], labels = [] } = parseJson(Body, json);
        sameLength("prompts", prompts.length, query.length);
        sameLength("labels", labels.length, query.length);
        const items = query.map((text, i) => toItem(i, text, prompts[i], labels[i]));
        const rewards = items.length === 0 ? [] : (await score(items)).map(([first]) => first!);
        const numbers = rewards.map(({ reward }) => reward);
        return { rewards: numbers, scores: numbers, extra_logs: { rm_failed: rewards.map(({ failed }) => (failed ? 1 : 0)) } };
      },
    },
  ],
};

function toItem(index: number, text: string, prompt: string | undefined, label: unknown) {
  const { prompt: messages, response } = conversationOf(index, text, prompt);
  return itemOf(index, messages, [response], referenceOf(label, `labels[${index}]`));
}

function conversationOf(index: number, text: string, prompt: string | undefined): Conversation {
  if (prompt !== undefined) {
    const written = responseOfTemplated(text, prompt);
    if (written === undefined) throw refuse(`query[${index}]`, `does not begin with prompts[${index}]`);
    return continueTemplated(prompt, written);
  }
  // Clients before 0.5.8 send no prompts.
  const split = splitTemplated(text);
  if (split === undefined) throw refuse("prompts", "required, since the queries hold no chat template that is known");
  return split;
}

function sameLength(field: string, length: number, wanted: number): void {
  if (length !== 0 && length !== wanted) throw refuse(field, `${length} entries for ${wanted} queries`);
}
