import { createHash } from "node:crypto";
import type { Call, CallResult, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { openServers, type ServerOptions, serverLimits, UNITS_PER_TOKEN } from "../upstream/settings.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { explainRefusal, type ReadChat, readChat, writeChat } from "./chat-protocol.ts";
import type { OpenAiParams } from "./params.ts";

/** A server to ask, and how. Keys of {@link OpenAiParams} are those of the configuration. */
export interface OpenAiBackendOptions extends Omit<OpenAiParams, "type" | "url">, ServerOptions {}

/** What goes to the server for one call. */
interface Payload {
  readonly body: string;
  readonly broken: number;
  /** Tokens that it reads, by estimate, and may write. */
  readonly mostTokens: number;
}

/**
 * Opens a backend that asks an OpenAI-compatible chat server. A server that does not answer is no error: the backend is not
 * ready until one does.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be
 */
export async function createOpenAiBackend(options: OpenAiBackendOptions): Promise<OpenBackend> {
  const { name, model, structuredOutput, metrics } = options;
  const upstream = await openServers(options, {
    healthPath: "/models",
    reading: { answer: readChat, refusal: (body) => explainRefusal(name, body) },
    rate: options.rate && { ...options.rate, tokensOf: ({ totalTokens }) => totalTokens },
  });
  return {
    name,
    digest: createHash("sha256")
      .update(JSON.stringify(["openai", model, structuredOutput]))
      .digest("hex"),
    limits: serverLimits(options.concurrency),
    device: upstream.addresses.join(", "),
    remote: true,
    notReady: `no server of backend ${name} answers`,
    get ready() {
      return upstream.ready;
    },
    onReadiness: (listener) => upstream.onReadiness(listener),
    async prepare(calls) {
      return calls.map((call) => prepare(call, options));
    },
    async run(batch, context) {
      for (const { payload } of batch) metrics?.upstream.neutralised.inc({ backend: name }, (payload as Payload).broken);
      return Promise.all(batch.map((call) => complete(upstream, call, context)));
    },
    close: (timeoutMs) => upstream.close(timeoutMs),
  };
}

function prepare(call: Call, options: OpenAiBackendOptions): PreparedCall | Error {
  if (call.type !== "chat") return new GatewayError("BACKEND_REFUSED", `backend "${options.name}" answers chats and scores no text`);
  const written = writeChat(call, options);
  const tokens = Math.ceil(written.body.length / UNITS_PER_TOKEN);
  const payload: Payload = { ...written, mostTokens: tokens + call.sampling.maxTokens };
  return { tokens, payload };
}

async function complete(upstream: Upstream<ReadChat>, call: PreparedCall, context?: RunContext): Promise<CallResult> {
  const { body, mostTokens } = call.payload as Payload;
  const { text, cut, tokens, totalTokens } = await upstream.post("/chat/completions", body, context, mostTokens);
  return { outputs: {}, completion: { text, cut, tokens }, tokens: totalTokens ?? call.tokens + Math.ceil(text.length / UNITS_PER_TOKEN) };
}
