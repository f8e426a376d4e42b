import type { RequestLimits } from "../../domain/limits.ts";
import * as oip from "../../gen/inference/grpc_service.ts";
import { bytesOf, countOf, type Datatype, datatypeOf, type Element, type Tensor, tensorOfBytes } from "../../open-inference/tensor.ts";
import type { GrpcCall, UnaryHandler } from "../grpc/calls.ts";
import { refuseOversize } from "../grpc/oversize.ts";
import { createStrictDecoder } from "../grpc/strict-decode.ts";
import { refuse } from "../request-rules.ts";
import type { ScoreEach } from "../wires/wire.ts";
import type { ScoringModel } from "./model.ts";

const decodeModelReady = createStrictDecoder("inference.ModelReadyRequest", oip.ModelReadyRequest);
const decodeModelMetadata = createStrictDecoder("inference.ModelMetadataRequest", oip.ModelMetadataRequest);
const decodeModelConfig = createStrictDecoder("inference.ModelConfigRequest", oip.ModelConfigRequest);
const decodeInfer = createStrictDecoder("inference.ModelInferRequest", oip.ModelInferRequest);
const CONFIG_TYPES: Partial<Record<Datatype, oip.DataType>> = {
  BYTES: oip.DataType.TYPE_STRING,
  INT64: oip.DataType.TYPE_INT64,
  FP32: oip.DataType.TYPE_FP32,
  BOOL: oip.DataType.TYPE_BOOL,
};

export interface OpenInferenceMethodsOptions {
  readonly model: ScoringModel;
  readonly version: string;
  readonly limits: RequestLimits;
  scorerOf(call: GrpcCall): ScoreEach;
}

/** The methods of inference.GRPCInferenceService by their names in code, bytes in and out. */
export function openInferenceMethods({ model, version, limits, scorerOf }: OpenInferenceMethodsOptions): Record<OipMethod, UnaryHandler> {
  const tensorFacts = (facts: ScoringModel["inputs"]) =>
    facts.map(({ name, datatype, dims }) => ({ name, datatype, shape: [-1, ...dims] }));
  return {
    serverLive: () => oip.ServerLiveResponse.encode({ live: true }).finish(),
    serverReady: () => oip.ServerReadyResponse.encode({ ready: model.ready() }).finish(),
    modelReady(bytes) {
      const { name } = decodeModelReady(bytes);
      return oip.ModelReadyResponse.encode({ ready: name === model.name && model.ready() }).finish();
    },
    serverMetadata: () => oip.ServerMetadataResponse.encode({ name: "rewardgate", version, extensions: ["model_configuration"] }).finish(),
    modelMetadata(bytes) {
      const asked = decodeModelMetadata(bytes);
      model.checkName(asked.name, asked.version);
      return oip.ModelMetadataResponse.encode({
        name: model.name,
        versions: [model.version],
        platform: model.platform,
        inputs: tensorFacts(model.inputs),
        outputs: tensorFacts(model.outputs),
      }).finish();
    },
    modelConfig(bytes) {
      const asked = decodeModelConfig(bytes);
      model.checkName(asked.name, asked.version);
      const tensor = ({ name, datatype, dims }: ScoringModel["inputs"][number]) => ({
        name,
        dataType: CONFIG_TYPES[datatype]!,
        dims: [...dims],
      });
      const config = {
        name: model.name,
        platform: model.platform,
        maxBatchSize: model.maxBatchSize,
        input: model.inputs.map((fact) => ({ ...tensor(fact), optional: true })),
        output: model.defaultOutputs.map(tensor),
      };
      return oip.ModelConfigResponse.encode({ config }).finish();
    },
    async modelInfer(bytes, call) {
      refuseOversize(bytes, limits);
      const request = decodeInfer(bytes, limits);
      model.checkName(request.modelName, request.modelVersion);
      const outputs = request.outputs.map(({ name }) => name);
      const tensors = await model.infer({ inputs: tensorsOf(request), outputs }, scorerOf(call));
      return oip.ModelInferResponse.encode({
        modelName: model.name,
        modelVersion: model.version,
        id: request.id,
        parameters: {},
        outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape], parameters: {}, contents: undefined })),
        rawOutputContents: tensors.map((tensor) => Buffer.from(bytesOf(tensor))),
      }).finish();
    },
  };
}

type OipMethod = keyof typeof oip.GRPCInferenceServiceService;

/** The inputs of a call: all of them raw, or all of them typed. */
function tensorsOf({ inputs, rawInputContents: raw }: oip.ModelInferRequest): Tensor[] {
  if (raw.length > 0 && raw.length !== inputs.length) throw refuse("raw_input_contents", `${raw.length} for ${inputs.length} inputs`);
  return inputs.map(({ name, datatype, shape, contents }, index) => {
    const type = datatypeOf(datatype, name);
    if (raw.length > 0) return tensorOfBytes(name, type, shape, raw[index]!);
    const elements = elementsOf(type, contents);
    const count = countOf(shape, name);
    if (elements.length !== count) throw refuse(name, `${elements.length} elements, and ${count} in its shape`);
    return { name, datatype: type, shape, elements };
  });
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function elementsOf(datatype: Datatype, contents: oip.InferTensorContents | undefined): readonly Element[] {
  if (contents === undefined) return [];
  if (datatype === "BYTES") return contents.bytesContents.map((bytes) => textOf(bytes));
  if (datatype === "BOOL") return contents.boolContents;
  if (datatype === "INT64") return contents.int64Contents;
  if (datatype === "UINT64") return contents.uint64Contents;
  if (datatype === "FP32") return contents.fp32Contents;
  if (datatype === "FP64") return contents.fp64Contents;
  return datatype.startsWith("UINT") ? contents.uintContents : contents.intContents;
}

function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw refuse("bytes_contents", "a text is not UTF-8");
  }
}
