/** Servers on loopback that answer over gRPC as engines of reward models do, and that can be made to fail in every way. */
import { Server, ServerCredentials, type ServerUnaryCall, type ServiceDefinition, type sendUnaryData, status } from "@grpc/grpc-js";
import { GRPCInferenceServiceService, type ModelInferRequest, ModelInferResponse } from "../../src/gen/inference/grpc_service.ts";
import {
  InfoService,
  type PredictRequest,
  PredictResponse,
  PredictService,
  type RerankRequest,
  RerankResponse,
  RerankService,
} from "../../src/gen/tei/v1/tei.ts";
import { bytesOf } from "../../src/open-inference/tensor.ts";
import { type EngineDouble, type Entry, type Fault, rawScore, tritonMetadata, type Value } from "./engine-doubles.ts";

const OVERSIZED_BYTES = 2_000_000;

/** A number of JSON as a number that gRPC can send, or undefined for what is no number. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  const numbers: Readonly<Record<string, number>> = { NaN: Number.NaN, "1e400": Number.POSITIVE_INFINITY };
  return numbers[value.json];
}

/** A double of which every answer goes through `spoil`, which can send what no message is. */
export async function startGrpcDouble(
  double: Omit<EngineDouble, "url" | "close">,
  define: (server: Server) => void,
): Promise<EngineDouble & { readonly server: Server }> {
  const server = new Server();
  define(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return Object.assign(double, { url: `grpc://127.0.0.1:${port}`, server, close: async () => server.forceShutdown() });
}

/** Sends an answer's bytes as its fault has it. `Response` is bytes already: see {@link rawService}. */
export function sendBytes(bytes: Uint8Array, wire: Fault["wire"], callback: sendUnaryData<Uint8Array>, server: Server): void {
  switch (wire) {
    case undefined:
      callback(null, bytes);
      return;
    case "html":
      callback(null, Buffer.from("<html><body>502 Bad Gateway</body></html>"));
      return;
    case "cut-json":
      callback(null, bytes.slice(0, -2));
      return;
    case "oversized":
      callback(null, Buffer.concat([bytes, Buffer.alloc(OVERSIZED_BYTES)]));
      return;
    case "cut-connection":
      server.forceShutdown();
      return;
    case "unavailable":
      callback({ code: status.UNAVAILABLE, details: "queue is full" });
  }
}

/** A service whose methods answer with bytes. */
export function rawService<S extends ServiceDefinition>(service: S): S {
  const raw = Object.entries(service).map(([name, method]) => [
    name,
    { ...method, responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes) },
  ]);
  return Object.fromEntries(raw) as S;
}

type Call<Request> = ServerUnaryCall<Request, Uint8Array>;

export function startTritonGrpcDouble(model: string): Promise<EngineDouble> {
  const self: Omit<EngineDouble, "url" | "close"> = { calls: [], fault: {} };
  const { modelReady, modelMetadata, modelInfer } = GRPCInferenceServiceService;
  return startGrpcDouble(self, (server) =>
    server.addService(rawService({ modelReady, modelMetadata, modelInfer }), {
      modelReady: (_: unknown, callback: sendUnaryData<Uint8Array>) => callback(null, modelReady.responseSerialize({ ready: true })),
      modelMetadata: (_: unknown, callback: sendUnaryData<Uint8Array>) =>
        callback(null, modelMetadata.responseSerialize(tritonMetadata(self.fault.model ?? model))),
      modelInfer({ request }: Call<ModelInferRequest>, callback: sendUnaryData<Uint8Array>) {
        const { fault } = self;
        if (fault.refusal !== undefined) {
          callback({ code: fault.refusal.status, details: String(fault.refusal.error.error) });
          return;
        }
        const texts = request.inputs[0]!.contents!.bytesContents.map((bytes) => Buffer.from(bytes).toString());
        self.calls.push({ path: "ModelInfer", body: { texts } });
        const score = fault.score ?? ((raw: number) => raw);
        const entries = texts.map((text, index): Entry => ({ index, value: score(rawScore(text)) }));
        sendBytes(inferred(fault.entries?.(entries) ?? entries, fault.model ?? model), fault.wire, callback, server);
      },
    }),
  );
}

/** A value that is no number makes the tensor one of texts, as a model that writes text would. */
function inferred(entries: readonly Entry[], model: string): Uint8Array {
  const values = entries.map(({ value }) => numberOf(value));
  const numbers = values.every((value) => value !== undefined);
  const tensor = { name: "rewards", datatype: numbers ? "FP32" : "BYTES", shape: [entries.length, 1] } as const;
  const elements = numbers ? (values as number[]) : entries.map(({ value }) => (typeof value === "number" ? String(value) : value.json));
  return ModelInferResponse.encode({
    ...{ modelName: model, modelVersion: "1", id: "", parameters: {} },
    outputs: [{ ...tensor, shape: [...tensor.shape], parameters: {}, contents: undefined }],
    rawOutputContents: [bytesOf({ ...tensor, elements })],
  }).finish();
}

/** text-embeddings-inference with a classifier or a reranker. */
export function startTeiGrpcDouble(model: string, type: "classifier" | "reranker"): Promise<EngineDouble> {
  const self: Omit<EngineDouble, "url" | "close"> = { calls: [], fault: {} };
  const scored = (texts: readonly string[]): readonly Entry[] => {
    const { score = (raw: number) => raw, entries } = self.fault;
    const all = texts.map((text, index): Entry => ({ index, value: score(rawScore(text)) }));
    return entries?.(all) ?? all;
  };
  return startGrpcDouble(self, (server) => {
    const { info } = InfoService;
    server.addService(rawService({ info }), {
      info: (_: unknown, callback: sendUnaryData<Uint8Array>) =>
        callback(
          null,
          info.responseSerialize({
            ...{ version: "1.9.0", modelId: self.fault.model ?? model, modelDtype: "float32", modelType: type === "reranker" ? 2 : 1 },
            ...{ maxConcurrentRequests: 512, maxInputLength: 512, maxBatchTokens: 16384, maxClientBatchSize: 32, tokenizationWorkers: 2 },
          }),
        ),
    });
    server.addService(rawService({ predict: PredictService.predict }), {
      predict({ request }: Call<PredictRequest>, callback: sendUnaryData<Uint8Array>) {
        self.calls.push({ path: "Predict", body: { ...request } });
        const { refusal } = self.fault;
        if (refusal !== undefined) {
          callback({ code: refusal.status, details: String(refusal.error.error) });
          return;
        }
        const predictions = scored([request.inputs]).map(({ value }) => ({ score: numberOf(value)!, label: "LABEL_0" }));
        sendBytes(PredictResponse.encode({ predictions, metadata: undefined }).finish(), self.fault.wire, callback, server);
      },
    });
    server.addService(rawService({ rerank: RerankService.rerank }), {
      rerank({ request }: Call<RerankRequest>, callback: sendUnaryData<Uint8Array>) {
        self.calls.push({ path: "Rerank", body: { ...request } });
        const ranks = scored(request.texts).map(({ index, value }) => ({ index, score: numberOf(value)! }));
        sendBytes(RerankResponse.encode({ ranks, metadata: undefined }).finish(), self.fault.wire, callback, server);
      },
    });
  });
}
