import { externalParams } from "./external/params.ts";
import { onnxParams } from "./onnx/params.ts";
import { openAiParams } from "./openai/params.ts";
import { vllmParams } from "./vllm/params.ts";

export { availableCores } from "./cores.ts";
export { createExternalBackend, type ExternalBackendOptions } from "./external/backend.ts";
export { createOnnxBackend, type OnnxBackend, type OnnxBackendOptions } from "./onnx/backend.ts";
export { shareCores } from "./onnx/share-cores.ts";
export { createOpenAiBackend, type OpenAiBackendOptions } from "./openai/backend.ts";
export { createTokenDecoder, type TokenDecoder } from "./tokens/decoder.ts";
export { openSecret, type SecretSource } from "./upstream/secret.ts";
export { createVllmBackend, type VllmBackendOptions } from "./vllm/backend.ts";

/** The schema of every kind of backend, by the word that `type` holds. */
export const BACKEND_PARAMS = { onnx: onnxParams, openai: openAiParams, vllm: vllmParams, external: externalParams } as const;
