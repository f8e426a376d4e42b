import type { OpenBackend } from "../domain/backend.ts";
import { externalParams } from "./external/params.ts";
import { createLlamacppBackend, type LlamacppBackendOptions } from "./llamacpp/backend.ts";
import { llamacppParams } from "./llamacpp/params.ts";
import { logprobsParams } from "./logprobs/params.ts";
import { createOllamaBackend, type OllamaBackendOptions } from "./ollama/backend.ts";
import { ollamaParams } from "./ollama/params.ts";
import { onnxParams } from "./onnx/params.ts";
import { createOpenAiBackend, type OpenAiBackendOptions } from "./openai/backend.ts";
import { openAiParams } from "./openai/params.ts";
import { createSglangBackend, type SglangBackendOptions } from "./sglang/backend.ts";
import { sglangParams } from "./sglang/params.ts";
import { createTeiBackend, type TeiBackendOptions } from "./tei/backend.ts";
import { teiParams } from "./tei/params.ts";
import { toolParams } from "./tool/params.ts";
import { createTritonBackend, type TritonBackendOptions } from "./triton/backend.ts";
import { tritonParams } from "./triton/params.ts";
import { createVllmBackend, type VllmBackendOptions } from "./vllm/backend.ts";
import { vllmParams } from "./vllm/params.ts";

export { availableCores } from "./cores.ts";
export { createExternalBackend, type ExternalBackendOptions } from "./external/backend.ts";
export { createLogprobsBackend, type LogprobsBackendOptions } from "./logprobs/backend.ts";
export { createOnnxBackend, type OnnxBackend, type OnnxBackendOptions } from "./onnx/backend.ts";
export { crowdedCores, shareCores } from "./onnx/share-cores.ts";
export { createTokenDecoder, type TokenDecoder } from "./tokens/decoder.ts";
export { createSegmentTokenizer } from "./tokens/tokenizer.ts";
export { createToolBackend, type ToolBackendOptions } from "./tool/backend.ts";
export { FORBIDDEN_REMEDY, forbiddenAddress } from "./upstream/resolve-host.ts";
export { openSecret, type SecretSource } from "./upstream/secret.ts";

/** The schema of every kind of backend, by the word that `type` holds. */
export const BACKEND_PARAMS = {
  onnx: onnxParams,
  openai: openAiParams,
  ollama: ollamaParams,
  vllm: vllmParams,
  sglang: sglangParams,
  tei: teiParams,
  triton: tritonParams,
  llamacpp: llamacppParams,
  external: externalParams,
  tool: toolParams,
  logprobs: logprobsParams,
} as const;

/** A server of chats: of which protocol, and how it is asked. */
export type ChatServer = ({ readonly type: "openai" } & OpenAiBackendOptions) | ({ readonly type: "ollama" } & OllamaBackendOptions);

/** Words that `type` holds for servers of chats. */
export const CHAT_SERVERS = ["openai", "ollama"] as const satisfies readonly ChatServer["type"][];

/**
 * Opens a backend that asks a server of chats.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be
 */
export function createChatServer(server: ChatServer): Promise<OpenBackend> {
  switch (server.type) {
    case "openai":
      return createOpenAiBackend(server);
    case "ollama":
      return createOllamaBackend(server);
  }
}

/** An engine that serves a reward model: which one, and how it is asked. */
export type ModelServer =
  | ({ readonly type: "vllm" } & VllmBackendOptions)
  | ({ readonly type: "sglang" } & SglangBackendOptions)
  | ({ readonly type: "tei" } & TeiBackendOptions)
  | ({ readonly type: "triton" } & TritonBackendOptions)
  | ({ readonly type: "llamacpp" } & LlamacppBackendOptions);

/** Words that `type` holds for engines that serve reward models. */
export const MODEL_SERVERS = ["vllm", "sglang", "tei", "triton", "llamacpp"] as const satisfies readonly ModelServer["type"][];

/**
 * Opens a backend that asks an engine for the numbers of a reward model.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export function createModelServer(server: ModelServer): Promise<OpenBackend> {
  switch (server.type) {
    case "vllm":
      return createVllmBackend(server);
    case "sglang":
      return createSglangBackend(server);
    case "tei":
      return createTeiBackend(server);
    case "triton":
      return createTritonBackend(server);
    case "llamacpp":
      return createLlamacppBackend(server);
  }
}
