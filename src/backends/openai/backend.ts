import type { OpenBackend } from "../../domain/backend.ts";
import { createChatServerBackend } from "../chat-server/backend.ts";
import type { ServerOptions } from "../upstream/settings.ts";
import { explainRefusal, readChat, writeChat } from "./chat-protocol.ts";
import type { OpenAiParams } from "./params.ts";

/** A server to ask, and how. Keys of {@link OpenAiParams} are those of the configuration. */
export interface OpenAiBackendOptions extends Omit<OpenAiParams, "type" | "url">, ServerOptions {}

/**
 * Opens a backend that asks an OpenAI-compatible chat server. A server that does not answer is no error: the backend is not
 * ready until one does.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be
 */
export async function createOpenAiBackend(options: OpenAiBackendOptions): Promise<OpenBackend> {
  return createChatServerBackend(options, {
    identity: ["openai", options.structuredOutput],
    healthPath: "/models",
    path: "/chat/completions",
    relays: true,
    write: (call) => writeChat(call, options),
    read: readChat,
    refusal: (body) => explainRefusal(options.name, body),
    answersAs: options.answersAs,
  });
}
