import { z } from "zod";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import { itemOf, type WireKind, type WireReward } from "./wire.ts";

const document = z.union([z.string(), z.object({ text: z.string() })]);
const Body = z.union([
  z.object({
    query: z.string().min(1),
    documents: listOf(document),
    top_n: z.number().int().min(0).nullish(),
    return_documents: z.boolean().nullish(),
    model: z.string().nullish(),
  }),
  z.object({ query: z.string().min(1), texts: listOf(z.string()), return_text: z.boolean().nullish() }),
]);

/**
 * Reranking in the forms of Cohere, Jina and vLLM (`documents`) and of text-embeddings-inference (`texts`): the query is the prompt, every
 * document a candidate. Answers are sorted by reward, the index is the document's place in the request. The score is the panel's
 * reward, unbounded unless the panel bounds it.
 */
export const rerank: WireKind = {
  wire: "rerank",
  routes: (path) =>
    [path, `/v1${path}`, `/v2${path}`].map((route) => ({
      path: route,
      method: "Rerank",
      async answer(json, { score }) {
        const body = parseJson(Body, json);
        const texts = "texts" in body ? body.texts : body.documents.map((each) => (typeof each === "string" ? each : each.text));
        const [rewards = []] = texts.length === 0 ? [] : await score([itemOf(0, [{ role: "user", content: body.query }], texts)]);
        const ranks = ranked(rewards);
        if ("texts" in body) return ranks.map((each) => (body.return_text ? { ...each, text: texts[each.index] } : each));
        const kept = body.top_n ? ranks.slice(0, body.top_n) : ranks;
        return {
          id: "rerank",
          model: body.model ?? "rewardgate",
          results: kept.map(({ index, score: relevance_score }) =>
            body.return_documents ? { index, relevance_score, document: { text: texts[index] } } : { index, relevance_score },
          ),
          usage: { total_tokens: rewards.reduce((sum, { tokens }) => sum + tokens, 0) },
        };
      },
    })),
};

/** The best reward first, and of equal ones the first; `index` is the place in the request. */
export function ranked(rewards: readonly WireReward[]): { readonly index: number; readonly score: number }[] {
  return rewards.map(({ reward }, index) => ({ index, score: reward })).sort((a, b) => b.score - a.score || a.index - b.index);
}
