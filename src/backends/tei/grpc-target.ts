import { status } from "@grpc/grpc-js";
import {
  InfoClient,
  type InfoResponse,
  ModelType,
  PredictClient,
  type PredictResponse,
  RerankClient,
  type RerankResponse,
  TruncationDirection,
} from "../../gen/tei/v1/tei.ts";
import { createGrpcTarget, type GrpcService } from "../upstream/grpc-target.ts";
import type { HttpTarget, HttpTargetOptions } from "../upstream/http-target.ts";

/** What is said in each call: nothing is cut, and scores are raw. */
const WHOLE = { truncate: false, rawScores: true, truncationDirection: TruncationDirection.TRUNCATION_DIRECTION_LEFT };

/**
 * The `tei.v1` services, for what asks servers over HTTP: `GET /info` is Info, `POST /predict` about one text is Predict, `POST /rerank` is
 * Rerank. Bodies are the JSON of the HTTP routes. Info over gRPC does not tell the labels of a model; Predict shows how many there are.
 */
export function createTeiTarget(options: HttpTargetOptions): HttpTarget {
  return createGrpcTarget(options, (host, security, channel): GrpcService => {
    const info = new InfoClient(host, security, channel);
    const shared = { ...channel, channelOverride: info.getChannel() };
    const [predict, rerank] = [new PredictClient(host, security, shared), new RerankClient(host, security, shared)];
    return {
      statuses: FAILED_MODEL,
      async answer({ path, body }, invoke) {
        if (path === "/info") return { body: fromInfo(await invoke<InfoResponse>((meta, call, done) => info.info({}, meta, call, done))) };
        const { inputs, query, texts } = JSON.parse(body!) as { inputs: string[][]; query: string; texts: string[] };
        if (path === "/predict") {
          const request = { ...WHOLE, inputs: inputs[0]![0]! };
          const { predictions } = await invoke<PredictResponse>((meta, call, done) => predict.predict(request, meta, call, done));
          return { body: [predictions] };
        }
        const request = { ...WHOLE, query, texts, returnText: false };
        const { ranks } = await invoke<RerankResponse>((meta, call, done) => rerank.rerank(request, meta, call, done));
        return { body: ranks.map(({ index, score }) => ({ index, score })) };
      },
      close() {
        for (const client of [info, predict, rerank]) client.close();
      },
    };
  });
}

/** With which it says that its model failed; over HTTP that is 424. */
const FAILED_MODEL = { [status.FAILED_PRECONDITION]: 424 };

function fromInfo({ modelId, modelType }: InfoResponse): object {
  const type = TYPES[modelType];
  return { model_id: modelId, model_type: type === undefined ? {} : { [type]: { id2label: { "0": "" } } } };
}

const TYPES: Readonly<Partial<Record<ModelType, "classifier" | "reranker">>> = {
  [ModelType.MODEL_TYPE_CLASSIFIER]: "classifier",
  [ModelType.MODEL_TYPE_RERANKER]: "reranker",
};
