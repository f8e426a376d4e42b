import type { OpenBackend } from "../../domain/backend.ts";
import { createModelServerBackend } from "../model-server/backend.ts";
import type { Protocol } from "../model-server/protocol.ts";
import type { ModelServerOptions } from "../model-server/settings.ts";
import type { SglangParams } from "./params.ts";
import { explainRefusal, INFO_PATHS, readClassify, readEmbeddings, serves, writeClassify, writeEmbeddings } from "./protocol.ts";

/** A server to ask, and how. Keys of {@link SglangParams} are those of the configuration. */
export type SglangBackendOptions = Omit<SglangParams, "type"> & ModelServerOptions;

/**
 * Opens a backend that asks an SGLang server for the raw scores of texts.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export async function createSglangBackend(options: SglangBackendOptions): Promise<OpenBackend> {
  const { name, model, route, addedTokens, inputsPerRequest } = options;
  const isNative = route === "classify";
  const protocol: Protocol = {
    engine: "sglang",
    identity: [route, addedTokens],
    takes: "texts",
    output: "scores",
    inputsPerRequest: isNative ? 1 : inputsPerRequest,
    healthPath: INFO_PATHS,
    accepts: (body) => serves(body, model),
    dialects: [undefined],
    request: (inputs) =>
      isNative ? { path: "/classify", body: writeClassify(inputs) } : { path: "/v1/embeddings", body: writeEmbeddings(model, inputs) },
    answer: isNative ? readClassify : readEmbeddings,
    refusal: (body) => explainRefusal(name, body),
    rawRemedy: "serve a model with a scalar head, and no activation or normalisation behind it",
  };
  return createModelServerBackend(options, protocol);
}
