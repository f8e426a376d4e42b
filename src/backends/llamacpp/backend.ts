import type { OpenBackend } from "../../domain/backend.ts";
import { createModelServerBackend } from "../model-server/backend.ts";
import type { Protocol } from "../model-server/protocol.ts";
import type { ModelServerOptions } from "../model-server/settings.ts";
import type { LlamacppParams } from "./params.ts";
import { explainRefusal, readRerank, writeRerank } from "./protocol.ts";

/** A server to ask, and how. Keys of {@link LlamacppParams} are those of the configuration. */
export type LlamacppBackendOptions = Omit<LlamacppParams, "type"> & ModelServerOptions;

/**
 * Opens a backend that asks a llama.cpp server for the raw scores of pairs.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export async function createLlamacppBackend(options: LlamacppBackendOptions): Promise<OpenBackend> {
  const protocol: Protocol = {
    engine: "llamacpp",
    identity: [],
    takes: "pairs",
    output: "scores",
    inputsPerRequest: options.inputsPerRequest,
    // It fails while the model loads.
    healthPath: "/health",
    dialects: [undefined],
    request: (inputs) => ({ path: "/v1/rerank", body: writeRerank(inputs) }),
    answer: readRerank,
    refusal: (body) => explainRefusal(options.name, body),
    rawRemedy: "serve a reranker with one raw output",
  };
  return createModelServerBackend(options, protocol);
}
