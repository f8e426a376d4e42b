import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import { bytesOf, datatypeOf, type Tensor, tensorOfBytes, tensorOfJson } from "../../open-inference/tensor.ts";
import { readWholeBody } from "../http/body.ts";
import type { Exchange } from "../http/exchange.ts";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import type { Request, Route } from "../http/route.ts";
import { parseStrictJson } from "../http/strict-json.ts";
import { refuse } from "../request-rules.ts";
import type { ScoreEach } from "../wires/wire.ts";
import type { Inference, ScoringModel } from "./model.ts";

const parameters = z.record(z.string(), z.unknown()).optional();
const Body = z.object({
  id: z.string().optional(),
  parameters,
  inputs: listOf(z.object({ name: z.string(), shape: listOf(z.number()), datatype: z.string(), parameters, data: z.unknown().optional() })),
  outputs: listOf(z.object({ name: z.string(), parameters })).optional(),
});

/** Header that says where the JSON of a body ends and the bytes of its tensors begin. */
const JSON_BYTES = "inference-header-content-length";
/** Triton's names of the types. */
const CONFIG_TYPES: Readonly<Record<string, string>> = { BYTES: "TYPE_STRING", INT64: "TYPE_INT64", FP32: "TYPE_FP32", BOOL: "TYPE_BOOL" };

/** One model is served; its name and version are looked at by each route. */
const MODEL_PATHS = ["/v2/models/{model}", "/v2/models/{model}/versions/{version}"];

/** Addresses of the routes below, which no other route may share. */
export const OPEN_INFERENCE_PATHS: readonly { readonly verb: string; readonly path: string }[] = [
  ...["/v2", "/v2/health/live", "/v2/health/ready"].map((path) => ({ verb: "get", path })),
  ...["/ready", "/config", ""].flatMap((suffix) => MODEL_PATHS.map((path) => ({ verb: "get", path: path + suffix }))),
  ...MODEL_PATHS.map((path) => ({ verb: "post", path: `${path}/infer` })),
];

export interface OpenInferenceRoutesOptions {
  readonly model: ScoringModel;
  readonly version: string;
  readonly limits: RequestLimits;
  readonly bodyMs: number;
  scorerOf(exchange: Exchange): ScoreEach;
}

/** The Open Inference Protocol over HTTP with Triton's binary tensors and model configuration. Errors are `{"error": text}`. */
export function openInferenceRoutes({ model, version, limits, bodyMs, scorerOf }: OpenInferenceRoutesOptions): Route[] {
  const errorBody = ({ message }: GatewayError) => ({ error: message });
  const get = (path: string, method: string, handle: Route["handle"]): Route => ({ verb: "get", path, method, errorBody, handle });
  const ofModel = (suffix: string, method: string, answer: () => object) =>
    MODEL_PATHS.map((path) =>
      get(path + suffix, method, (exchange, request) => {
        checkName(model, request);
        exchange.answer(answer());
      }),
    );
  const ready = (body: () => object) => () => {
    if (model.ready()) return body();
    throw new GatewayError("JUDGE_NOT_READY", "a judge of the panel takes no work; the admin port's /readyz says which");
  };
  return [
    get("/v2", "OipServer", (exchange) =>
      exchange.answer({ name: "rewardgate", version, extensions: ["binary_tensor_data", "model_configuration"] }),
    ),
    get("/v2/health/live", "OipLive", (exchange) => exchange.answer({ live: true })),
    get("/v2/health/ready", "OipReady", (exchange) => exchange.answer(ready(() => ({ ready: true }))())),
    ...ofModel(
      "/ready",
      "OipModelReady",
      ready(() => ({ name: model.name, ready: true })),
    ),
    ...ofModel("/config", "OipModelConfig", () => configOf(model)),
    ...ofModel("", "OipModel", () => metadataOf(model)),
    ...MODEL_PATHS.map(
      (path): Route => ({
        verb: "post",
        path: `${path}/infer`,
        method: "OipInfer",
        errorBody,
        async handle(exchange, request) {
          checkName(model, request);
          const bytes = await readWholeBody(request, { maxBytes: limits.maxHttpBodyBytes, timeoutMs: bodyMs });
          exchange.record.bytes = bytes.length;
          const { id, inference, binary } = readInference(bytes, request.headers[JSON_BYTES], limits);
          const outputs = await model.infer(inference, scorerOf(exchange));
          write(exchange, { model_name: model.name, model_version: model.version, ...(id !== undefined && { id }) }, outputs, binary);
        },
      }),
    ),
  ];
}

function checkName(model: ScoringModel, { params }: Request): void {
  model.checkName(String(params.model), params.version === undefined ? undefined : String(params.version));
}

/** Splits a body into its tensors: those of JSON, and those whose bytes follow it in order. */
function readInference(
  bytes: Buffer,
  header: string | string[] | undefined,
  limits: RequestLimits,
): { id: string | undefined; inference: Inference; binary(output: string): boolean } {
  const end = header === undefined ? bytes.length : Number(header);
  if (!Number.isSafeInteger(end) || end < 0 || end > bytes.length) throw refuse(JSON_BYTES, `a number of bytes from 0 to ${bytes.length}`);
  const body = parseJson(Body, parseStrictJson(bytes.subarray(0, end), limits));
  let at = end;
  const inputs = body.inputs.map(({ name, shape, datatype, data, parameters: said }): Tensor => {
    const type = datatypeOf(datatype, name);
    const size = said?.binary_data_size;
    if (size === undefined) return tensorOfJson(name, type, shape, data);
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || at + size > bytes.length) {
      throw refuse(name, "binary_data_size is not the number of bytes behind the JSON");
    }
    at += size;
    return tensorOfBytes(name, type, shape, bytes.subarray(at - size, at));
  });
  if (at !== bytes.length) throw refuse("inputs", `${bytes.length - at} bytes behind the JSON belong to no tensor`);
  const outputs = body.outputs ?? [];
  const all = body.parameters?.binary_data_output === true;
  const binary = (output: string) => {
    const said = outputs.find(({ name }) => name === output)?.parameters?.binary_data;
    return typeof said === "boolean" ? said : all;
  };
  return { id: body.id, inference: { inputs, outputs: outputs.map(({ name }) => name) }, binary };
}

function write(exchange: Exchange, head: object, outputs: readonly Tensor[], binary: (output: string) => boolean): void {
  const tails: Uint8Array[] = [];
  const described = outputs.map((tensor) => {
    const { name, datatype, shape } = tensor;
    if (!binary(name)) {
      if (tensor.elements.some((element) => typeof element === "number" && !Number.isFinite(element))) {
        throw refuse("outputs", `${name} holds a row without a reward, which JSON cannot say; ask for it with binary_data`);
      }
      return { name, datatype, shape, data: tensor.elements };
    }
    const bytes = bytesOf(tensor);
    tails.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const body = { ...head, outputs: described };
  if (tails.length === 0) {
    exchange.answer(body);
    return;
  }
  const json = Buffer.from(JSON.stringify(body));
  exchange.answerBytes(Buffer.concat([json, ...tails]), {
    "Content-Type": "application/octet-stream",
    "Inference-Header-Content-Length": json.length,
  });
}

function metadataOf(model: ScoringModel): object {
  const tensor = ({ name, datatype, dims }: ScoringModel["inputs"][number]) => ({ name, datatype, shape: [-1, ...dims] });
  const { name, version, platform, inputs, outputs } = model;
  return { name, versions: [version], platform, inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
}

function configOf(model: ScoringModel): object {
  const tensor = ({ name, datatype, dims }: ScoringModel["inputs"][number]) => ({ name, data_type: CONFIG_TYPES[datatype], dims });
  return {
    name: model.name,
    platform: model.platform,
    max_batch_size: model.maxBatchSize,
    input: model.inputs.map((fact) => ({ ...tensor(fact), optional: true })),
    output: model.defaultOutputs.map(tensor),
  };
}
