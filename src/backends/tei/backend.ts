import type { OpenBackend } from "../../domain/backend.ts";
import { createModelServerBackend } from "../model-server/backend.ts";
import type { Protocol } from "../model-server/protocol.ts";
import type { ModelServerOptions } from "../model-server/settings.ts";
import { isGrpc } from "../upstream/settings.ts";
import { createTeiTarget } from "./grpc-target.ts";
import type { TeiParams } from "./params.ts";
import { explainRefusal, readPredict, readRerank, serves, writePredict, writeRerank } from "./protocol.ts";

/** A server to ask, and how. Keys of {@link TeiParams} are those of the configuration. */
export type TeiBackendOptions = Omit<TeiParams, "type"> & ModelServerOptions;

/**
 * Opens a backend that asks a text-embeddings-inference server for the raw scores of texts or of pairs.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export async function createTeiBackend(options: TeiBackendOptions): Promise<OpenBackend> {
  const { name, model, gives, addedTokens, inputsPerRequest } = options;
  const isPairs = gives === "pairs";
  const protocol: Protocol = {
    engine: "tei",
    identity: [gives, addedTokens],
    takes: isPairs ? "pairs" : "texts",
    output: "scores",
    inputsPerRequest: isPairs ? inputsPerRequest : 1,
    healthPath: "/info",
    accepts: (body) => serves(body, model, gives),
    ...([options.url].flat().every(isGrpc) && { connect: createTeiTarget }),
    dialects: [undefined],
    request: (inputs) => (isPairs ? { path: "/rerank", body: writeRerank(inputs) } : { path: "/predict", body: writePredict(inputs) }),
    answer: isPairs ? readRerank : readPredict,
    refusal: (body) => explainRefusal(name, body),
    rawRemedy: "use a release that knows `raw_scores`, and no proxy that drops it",
  };
  return createModelServerBackend(options, protocol);
}
