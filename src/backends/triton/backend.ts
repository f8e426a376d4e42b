import { isDeepStrictEqual } from "node:util";
import type { OpenBackend } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { createModelServerBackend } from "../model-server/backend.ts";
import type { Protocol } from "../model-server/protocol.ts";
import type { ModelServerOptions } from "../model-server/settings.ts";
import { isGrpc } from "../upstream/settings.ts";
import { tooLong } from "../upstream/too-long.ts";
import { createInferenceTarget } from "./grpc-target.ts";
import { readMetadata, type Tensors } from "./metadata.ts";
import type { TritonParams } from "./params.ts";
import { readInfer, writeInfer } from "./protocol.ts";

/** A server to ask, and how. Keys of {@link TritonParams} are those of the configuration. */
export type TritonBackendOptions = Omit<TritonParams, "type"> & ModelServerOptions;

/**
 * Opens a backend that asks a server of the Open Inference Protocol for the raw scores of texts or of pairs. What the model's tensors
 * are called it learns from the server.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export async function createTritonBackend(options: TritonBackendOptions): Promise<OpenBackend> {
  const { name, model, version, gives, tensors: wanted, addedTokens, inputsPerRequest } = options;
  const path = `/v2/models/${model}${version === undefined ? "" : `/versions/${version}`}`;
  const urls = [options.url].flat();
  let tensors: Tensors | undefined;
  const protocol: Protocol = {
    engine: "triton",
    identity: [version ?? "", gives, wanted, addedTokens],
    takes: gives === "pairs" ? "pairs" : "texts",
    output: "scores",
    inputsPerRequest,
    healthPath: path,
    accepts(body) {
      const read = readMetadata(body, options);
      // One server may be replaced by one whose tensors are called otherwise; of several all have to call them alike.
      if (urls.length > 1 && read !== undefined && tensors !== undefined) return isDeepStrictEqual(read, tensors);
      tensors = read ?? tensors;
      return read !== undefined;
    },
    ...(urls.every(isGrpc) && {
      connect: (target) => createInferenceTarget(target, { model, version: version ?? "" }),
    }),
    dialects: [undefined],
    request(inputs) {
      if (tensors === undefined) throw new GatewayError("BACKEND_UNAVAILABLE", `backend "${name}" has not learned its model's tensors yet`);
      return { path: `${path}/infer`, body: writeInfer(tensors, inputs) };
    },
    answer: (body) => readInfer(body, tensors?.score),
    refusal: (body) => explainRefusal(name, model, body),
    rawRemedy: "serve the model without an activation behind its head",
  };
  return createModelServerBackend(options, protocol);
}

/**
 * A refusal for length as ITEM_TOO_LONG, where the model says so in the usual words, and that of MLServer, which has the status of a bad request,
 * while it loads the model as BACKEND_UNAVAILABLE; undefined for any other.
 */
function explainRefusal(backend: string, model: string, body: string): GatewayError | undefined {
  const said = (parseJson(body) as { error?: unknown } | undefined)?.error;
  if (said === `Model ${model} is not ready yet.`)
    return new GatewayError("BACKEND_UNAVAILABLE", `backend "${backend}" says that its model is not ready yet`);
  if (typeof said !== "string" || !/too long|maximum (sequence|context|input) length|exceeds the maximum length/i.test(said))
    return undefined;
  return tooLong(backend);
}
