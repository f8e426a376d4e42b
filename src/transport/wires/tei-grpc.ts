import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import * as tei from "../../gen/tei/v1/tei.ts";
import type { Telemetry } from "../call-record.ts";
import { type GrpcCall, type UnaryHandler, unary } from "../grpc/calls.ts";
import { collectedStreamHandler } from "../grpc/collected-stream.ts";
import { orderedStreamHandler } from "../grpc/ordered-stream.ts";
import { refuseOversize } from "../grpc/oversize.ts";
import { toServiceError } from "../grpc/status.ts";
import { createStrictDecoder } from "../grpc/strict-decode.ts";
import { refuse } from "../request-rules.ts";
import { ranked } from "./rerank.ts";
import { allRewarded, type Scorer } from "./scorer.ts";
import { itemOfInput, LABEL } from "./tei.ts";
import { itemOf, type WireFacts, type WireReward } from "./wire.ts";

const decodeInfo = createStrictDecoder("tei.v1.InfoRequest", tei.InfoRequest);
const decodePredict = createStrictDecoder("tei.v1.PredictRequest", tei.PredictRequest);
const decodePair = createStrictDecoder("tei.v1.PredictPairRequest", tei.PredictPairRequest);
const decodeRerank = createStrictDecoder("tei.v1.RerankRequest", tei.RerankRequest);
const decodeRerankStream = createStrictDecoder("tei.v1.RerankStreamRequest", tei.RerankStreamRequest);

/** What the services depend on. */
export interface TeiServicesOptions {
  readonly facts: WireFacts;
  readonly limits: RequestLimits;
  readonly score: Scorer;
  readonly telemetry: Telemetry;
  readonly draining: AbortSignal;
  /** A stream that is idle for this long ends with DEADLINE_EXCEEDED, milliseconds. */
  readonly idleMs: number;
}

/** One service, with bytes in and out. */
export interface GrpcWireService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** `tei.v1` of text-embeddings-inference, as far as it classifies and reranks: the HTTP wire over gRPC. */
export function teiServices({ facts, limits, score, telemetry, draining, idleMs }: TeiServicesOptions): readonly GrpcWireService[] {
  const call = (method: string, handle: UnaryHandler) =>
    unary(method, telemetry, handle, (error, { context, trailers }) => toServiceError(error, context.requestId, trailers));
  const stream = (method: string, handle: UnaryHandler) =>
    orderedStreamHandler({ method, telemetry, draining, idleMs, maxInFlight: limits.maxStreamInFlight, handle });

  /** Scores one item. */
  const judged = async (item: Item, { context, record, remainingMs }: GrpcCall) => {
    const started = process.hrtime.bigint();
    record.items++;
    const [rewards] = allRewarded(await score([item], context, remainingMs()));
    return { rewards: rewards!, metadata: metadataOf(item, rewards!, started) };
  };
  const predict = async (item: Item, grpc: GrpcCall) => {
    const { rewards, metadata } = await judged(item, grpc);
    const predictions = rewards.map(({ reward }) => ({ score: reward, label: LABEL }));
    return tei.PredictResponse.encode({ predictions, metadata }).finish();
  };
  const predictText: UnaryHandler = (bytes, grpc) => {
    refuseOversize(bytes, limits);
    return predict(itemOfInput(0, decodePredict(bytes).inputs, "inputs"), grpc);
  };
  const predictPair: UnaryHandler = (bytes, grpc) => {
    refuseOversize(bytes, limits);
    const { inputs } = decodePair(bytes);
    if (inputs.length !== 2) throw refuse("inputs", `${inputs.length} texts; send a prompt and a candidate`);
    return predict(itemOfInput(0, [inputs[0]!, inputs[1]!], "inputs"), grpc);
  };
  const rerank = async (query: string, texts: readonly string[], returnText: boolean, grpc: GrpcCall) => {
    if (texts.length === 0) throw new GatewayError("CANDIDATES_EMPTY", "texts: at least one is required", { details: { field: "texts" } });
    const { rewards, metadata } = await judged(itemOf(0, [{ role: "user", content: query }], texts), grpc);
    const ranks = ranked(rewards).map(({ index, score }) => ({ index, score, text: returnText ? texts[index] : undefined }));
    return tei.RerankResponse.encode({ ranks, metadata }).finish();
  };

  return [
    {
      definition: tei.InfoService,
      implementation: {
        info: call("TeiInfo", (bytes) => {
          decodeInfo(bytes);
          return tei.InfoResponse.encode(infoOf(facts, limits)).finish();
        }),
      },
    },
    {
      definition: tei.PredictService,
      implementation: {
        predict: call("TeiPredict", predictText),
        predictPair: call("TeiPredictPair", predictPair),
        predictStream: stream("TeiPredictStream", predictText),
        predictPairStream: stream("TeiPredictPairStream", predictPair),
      },
    },
    {
      definition: tei.RerankService,
      implementation: {
        rerank: call("TeiRerank", (bytes, grpc) => {
          refuseOversize(bytes, limits);
          const { query, texts, returnText } = decodeRerank(bytes, limits);
          return rerank(query, texts, returnText, grpc);
        }),
        rerankStream: collectedStreamHandler({
          method: "TeiRerankStream",
          telemetry,
          draining,
          idleMs,
          maxMessages: limits.maxCandidates,
          maxBytes: limits.maxGrpcMessageBytes,
          async handle(messages, grpc) {
            const parts = messages.map((bytes) => decodeRerankStream(bytes));
            const query = parts[0]?.query ?? "";
            const other = parts.findIndex((part) => part.query !== query);
            if (other !== -1) throw refuse(`query[${other}]`, "another query than that of the first message; send a stream for each");
            const texts = parts.map(({ text }) => text);
            return rerank(query, texts, parts[0]?.returnText ?? false, grpc);
          },
        }),
      },
    },
  ];
}

function infoOf({ version, panel, revision, maxTokens }: WireFacts, limits: RequestLimits): tei.InfoResponse {
  return tei.InfoResponse.fromPartial({
    version,
    modelId: panel,
    modelSha: revision,
    modelDtype: "float32",
    modelType: tei.ModelType.MODEL_TYPE_CLASSIFIER,
    maxConcurrentRequests: limits.maxStreamInFlight,
    maxInputLength: maxTokens,
    maxClientBatchSize: limits.maxCandidates,
  });
}

function metadataOf({ prompt, candidates }: Item, rewards: readonly WireReward[], started: bigint): tei.Metadata {
  const texts = [...prompt, ...candidates].map(({ content }) => String(content));
  return tei.Metadata.fromPartial({
    computeChars: texts.reduce((sum, text) => sum + text.length, 0),
    computeTokens: rewards.reduce((sum, { tokens }) => sum + tokens, 0),
    totalTimeNs: Number(process.hrtime.bigint() - started),
  });
}
