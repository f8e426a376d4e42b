import type { OpenBackend } from "../../domain/backend.ts";
import { createChatServerBackend } from "../chat-server/backend.ts";
import type { ServerOptions } from "../upstream/settings.ts";
import { explainRefusal, lists, readChat, writeChat } from "./chat-protocol.ts";
import type { OllamaParams } from "./params.ts";

/** A server to ask, and how. Keys of {@link OllamaParams} are those of the configuration. */
export interface OllamaBackendOptions extends Omit<OllamaParams, "type" | "url">, ServerOptions {}

/**
 * Opens a backend that asks an Ollama server for chats. A server that does not answer, or has no such model, is no error: the
 * backend is not ready until one does.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be
 */
export async function createOllamaBackend(options: OllamaBackendOptions): Promise<OpenBackend> {
  const { name, model, digest, contextTokens, think } = options;
  return createChatServerBackend(options, {
    identity: ["ollama", digest ?? "", contextTokens ?? 0, think ?? ""],
    healthPath: "/api/tags",
    accepts: (body) => lists(body, options),
    path: "/api/chat",
    write: (call) => writeChat(call, options),
    read: readChat,
    refusal: (body) => explainRefusal(name, body),
    answersAs: model,
  });
}
