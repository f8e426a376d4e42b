import { z } from "zod";
import type { Segment } from "../domain/backend.ts";
import { type Item, textOf } from "../domain/item.ts";
import type { Judge, JudgeSpec } from "../domain/judge.ts";
import { SCORE_SPACES } from "../domain/score-space.ts";
import { foreignToText, TEXT_ONLY } from "./shared/chat-asks.ts";
import { readOutput } from "./shared/read-output.ts";
import { SERVED_KEYS } from "./shared/served-keys.ts";

const { template: _, ...servedKeys } = SERVED_KEYS;

/** What `rewardgate.yaml` says about a reranker that an engine serves. */
export const servedRerankerSchema = z
  .strictObject({
    kind: z.literal("reranker").describe("A cross-encoder that reads a query and a candidate as two texts."),
    ...servedKeys,
    query: z
      .enum(["lastTurn", "allTurns"])
      .default("lastTurn")
      .describe(
        "What of the prompt is the query: `lastTurn` its last message, `allTurns` all of its messages, one under the other. Default lastTurn.",
      ),
    space: z.enum(SCORE_SPACES).default("logit").describe("What a raw score means. Default logit."),
  })
  .describe("A reranker that an engine serves.");

export type ServedRerankerConfig = z.output<typeof servedRerankerSchema>;

/** What a reranker is made from: a spec without a template, since the engine joins the two texts. */
export type RerankerSpec = Omit<JudgeSpec, "template" | "overlong">;

/**
 * A cross-encoder that says how well a text answers a query, as trained for search.
 *
 * Asks: one pair per candidate, of the prompt's last message (or of all of them) and the candidate. Reads: the one number of the row
 * `output`. Scale: the judge's declared space, mostly logits. Sees no other candidate. Known biases: it rewards being about the
 * question more than being right, and repeats of its words.
 */
export function createReranker(spec: RerankerSpec, { query, output }: { query: ServedRerankerConfig["query"]; output: string }): Judge {
  return {
    name: spec.name,
    kind: "reranker",
    revision: spec.revision,
    backend: spec.backend,
    space: spec.space,
    determinism: spec.determinism,
    accepts: TEXT_ONLY,
    notApplicable: foreignToText,
    encode(item) {
      const asked = queryOf(item, query);
      return item.candidates.map(({ content }, index) => ({
        candidates: [index],
        calls: [{ type: "pair", query: asked, document: [{ text: textOf(content), origin: "candidate" }] }],
      }));
    },
    decode: (_ask, results) => [{ outcome: "scored", value: readOutput(results, output, 1)[0]! }],
  };
}

function queryOf({ prompt }: Item, query: ServedRerankerConfig["query"]): Segment[] {
  const turns = query === "lastTurn" ? prompt.slice(-1) : prompt;
  return [{ text: turns.map(({ content }) => textOf(content)).join("\n"), origin: "prompt" }];
}
