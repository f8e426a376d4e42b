import { GatewayError } from "../../domain/errors.ts";
import {
  GRPCInferenceServiceClient,
  type InferTensorContents,
  type ModelInferResponse,
  type ModelMetadataResponse,
  type ModelReadyResponse,
} from "../../gen/inference/grpc_service.ts";
import { datatypeOf, type Element, tensorOfBytes } from "../../open-inference/tensor.ts";
import { createGrpcTarget, type GrpcService, type Invoke, UnreadableMessage } from "../upstream/grpc-target.ts";
import type { HttpTarget, HttpTargetOptions } from "../upstream/http-target.ts";

/** A model of a server, where gRPC names it apart from the path. */
export interface ModelName {
  readonly model: string;
  readonly version: string;
}

/**
 * `inference.GRPCInferenceService`, for what asks servers over HTTP: GET is ModelReady and then ModelMetadata, POST is ModelInfer. Bodies are
 * the JSON of the same protocol; a number that JSON has no word for becomes null.
 */
export function createInferenceTarget(options: HttpTargetOptions, { model, version }: ModelName): HttpTarget {
  return createGrpcTarget(options, (host, security, channel): GrpcService => {
    const client = new GRPCInferenceServiceClient(host, security, channel);
    const named = { name: model, version };
    return {
      async answer({ method, body }, invoke) {
        if (method === "POST") return { body: await infer(client, { model, version }, body!, invoke) };
        const { ready } = await invoke<ModelReadyResponse>((metadata, call, done) => client.modelReady(named, metadata, call, done));
        if (!ready) return { status: 503, body: {} };
        return { body: await invoke<ModelMetadataResponse>((metadata, call, done) => client.modelMetadata(named, metadata, call, done)) };
      },
      close: () => client.close(),
    };
  });
}

interface JsonInfer {
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: number[];
    readonly data: readonly string[];
  }[];
  readonly outputs: readonly { readonly name: string }[];
}

async function infer(client: GRPCInferenceServiceClient, { model, version }: ModelName, body: string, invoke: Invoke): Promise<object> {
  const { inputs, outputs } = JSON.parse(body) as JsonInfer;
  const request = {
    ...{ modelName: model, modelVersion: version, id: "", parameters: {}, rawInputContents: [] },
    inputs: inputs.map(({ name, datatype, shape, data }) => ({
      ...{ name, datatype, shape, parameters: {} },
      contents: { ...NO_CONTENTS, bytesContents: data.map((text) => Buffer.from(text)) },
    })),
    outputs: outputs.map(({ name }) => ({ name, parameters: {} })),
  };
  const response = await invoke<ModelInferResponse>((metadata, call, done) => client.modelInfer(request, metadata, call, done));
  return { model_name: response.modelName, outputs: response.outputs.map((_, place) => fromOutput(response, place)) };
}

const NO_CONTENTS: InferTensorContents = {
  boolContents: [],
  intContents: [],
  int64Contents: [],
  uintContents: [],
  uint64Contents: [],
  fp32Contents: [],
  fp64Contents: [],
  bytesContents: [],
};

/** @throws {UnreadableMessage} when bytes and shape of the tensor do not belong together */
function fromOutput({ outputs, rawOutputContents }: ModelInferResponse, place: number): object {
  const { name, datatype, shape, contents } = outputs[place]!;
  const raw = rawOutputContents[place];
  try {
    const data: readonly Element[] =
      raw === undefined
        ? [...(contents?.fp32Contents ?? []), ...(contents?.fp64Contents ?? [])]
        : tensorOfBytes(name, datatypeOf(datatype, name), shape, raw).elements;
    return { name, datatype, shape, data };
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw new UnreadableMessage(thrown.message);
    throw thrown;
  }
}
