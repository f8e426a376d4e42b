import { z } from "zod";
import type { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import { refuse } from "../request-rules.ts";
import { splitTemplated } from "./templated-text.ts";
import { itemOf, type WireFacts, type WireKind } from "./wire.ts";

const text = z.string();
const one = z.union([text, z.tuple([text]), z.tuple([text, text])]);
const Predict = z.object({ inputs: z.union([one, listOf(z.union([z.tuple([text]), z.tuple([text, text])]))]) });

/** The one label of a panel. */
export const LABEL = "reward";
const ID2LABEL = { "0": LABEL };

/**
 * text-embeddings-inference: `/predict` for a text, a pair or a batch, `/info`, and its form of errors; `/rerank` is the wire `rerank`. A
 * pair is a prompt and a candidate, a text a templated conversation; two texts in a list are one pair and one is itself, as there. The score is the panel's
 * reward whatever `raw_scores` says. The same over gRPC is in `tei-grpc.ts`.
 */
export const tei: WireKind = {
  wire: "tei",
  routes: (path, facts) => [
    {
      path,
      method: "TeiPredict",
      async answer(json, { score }) {
        const { inputs } = parseJson(Predict, json);
        const batch = Array.isArray(inputs) && inputs.every(Array.isArray) ? (inputs as z.output<typeof one>[]) : undefined;
        const items = (batch ?? [inputs as z.output<typeof one>]).map((input, i) =>
          itemOfInput(i, input, batch ? `inputs[${i}]` : "inputs"),
        );
        const rewards = items.length === 0 ? [] : await score(items);
        const predictions = rewards.map(([first]) => [{ score: first!.reward, label: LABEL }]);
        return batch ? predictions : predictions[0]!;
      },
    },
    { verb: "get", path: "/info", method: "TeiInfo", answer: async () => infoOf(facts) },
  ],
  errorBody: (error) => ({ error: error.message, error_type: typeOf(error) }),
};

/**
 * What an input asks for: a text is a templated conversation, two are a prompt and a candidate.
 * @throws {GatewayError} REQUEST_INVALID for a text that holds no turn of the assistant
 */
export function itemOfInput(index: number, input: z.output<typeof one>, field: string): Item {
  const [first, second] = typeof input === "string" ? [input] : input;
  if (second !== undefined) return itemOf(index, [{ role: "user", content: first }], [second]);
  const split = splitTemplated(first);
  if (split === undefined)
    throw refuse(field, "holds no turn of the assistant in a chat template that is known; send a pair of prompt and text");
  return itemOf(index, split.prompt, [split.response]);
}

function infoOf({ version, panel, revision, maxItems, maxTokens }: WireFacts) {
  return {
    model_id: panel,
    model_sha: revision,
    model_dtype: "float32",
    model_type: { classifier: { id2label: ID2LABEL, label2id: { [LABEL]: 0 } } },
    max_input_length: maxTokens,
    max_client_batch_size: maxItems,
    auto_truncate: false,
    version,
  };
}

function typeOf({ reason }: GatewayError): string {
  if (reason === "QUEUE_FULL") return "Overloaded";
  if (reason === "REQUEST_INVALID" || reason === "ITEM_TOO_LONG" || reason === "TOO_LARGE") return "Validation";
  if (reason === "CANDIDATES_EMPTY") return "Empty";
  return reason === "SHUTTING_DOWN" || reason === "JUDGE_NOT_READY" ? "Unhealthy" : "Backend";
}
