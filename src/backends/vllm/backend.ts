import type { OpenBackend } from "../../domain/backend.ts";
import { createModelServerBackend } from "../model-server/backend.ts";
import type { Protocol } from "../model-server/protocol.ts";
import type { ModelServerOptions } from "../model-server/settings.ts";
import type { VllmParams } from "./params.ts";
import {
  explainRefusal,
  RAW_DIALECTS,
  readPairScores,
  readScores,
  readSteps,
  writeClassify,
  writePooling,
  writeScore,
} from "./pooling-protocol.ts";

/** A server to ask, and how. Keys of {@link VllmParams} are those of the configuration. */
export type VllmBackendOptions = Omit<VllmParams, "type"> & ModelServerOptions;

/**
 * Opens a backend that asks a vLLM server for scores, for scores of pairs, or for steps.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export async function createVllmBackend(options: VllmBackendOptions): Promise<OpenBackend> {
  return createModelServerBackend(options, protocolOf(options));
}

type RawDialect = (typeof RAW_DIALECTS)[number];

function protocolOf({ name, model, gives, right }: VllmBackendOptions): Protocol<RawDialect> {
  const common = {
    engine: "vllm",
    identity: [gives, right],
    output: gives === "steps" ? "steps" : "scores",
    inputsPerRequest: 1,
    healthPath: "/health",
    refusal: (body: string) => explainRefusal(name, body),
  };
  switch (gives) {
    case "scores":
      return {
        ...common,
        ...{ takes: "texts", dialects: RAW_DIALECTS, rawRemedy: RAW_REMEDY },
        request: ([input], dialect) => ({ path: "/classify", body: writeClassify(model, input!, dialect) }),
        answer: readScores,
      };
    case "pairs":
      return {
        ...common,
        ...{ takes: "pairs", dialects: RAW_DIALECTS, rawRemedy: RAW_REMEDY },
        request: ([input], dialect) => ({ path: "/score", body: writeScore(model, input!, dialect) }),
        answer: readPairScores,
      };
    case "steps":
      return {
        ...common,
        ...{ takes: "texts", dialects: [{}] },
        request: ([input]) => ({ path: "/pooling", body: writePooling(model, input!) }),
        answer: (body) => readSteps(body, right),
      };
  }
}

const RAW_REMEDY =
  'start its server with --pooler-config \'{"use_activation": false}\' (older releases: {"activation": false} or {"softmax": false})';
