import { createHash } from "node:crypto";
import type { BatchLimits, Call, CallResult, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { type Clock, systemClock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { openSecret } from "../upstream/secret.ts";
import { openUpstream, type Upstream } from "../upstream/upstream.ts";
import { explainRefusal, type ReadChat, readChat, writeChat } from "./chat-protocol.ts";
import type { OpenAiParams } from "./params.ts";

/** A server to ask, and how. Keys of {@link OpenAiParams} are those of the configuration. */
export interface OpenAiBackendOptions extends Omit<OpenAiParams, "type"> {
  readonly name: string;
  readonly clock?: Clock;
  /** Uniform in [0, 1): spreads retries and probes. */
  readonly random?: () => number;
  readonly metrics?: Metrics | undefined;
  readonly log?: Logger | undefined;
}

/** UTF-16 units of text that are taken for one token: the server alone knows its tokenizer. */
const UNITS_PER_TOKEN = 4;

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
  const upstream = await openUpstream({
    name,
    urls: [options.url].flat(),
    apiKey: options.apiKey && (await openSecret(`the API key of backend "${name}"`, options.apiKey)),
    concurrency: options.concurrency,
    connectTimeoutMs: options.connectTimeoutSeconds * 1000,
    responseTimeoutMs: options.responseTimeoutSeconds * 1000,
    maxResponseBytes: options.maxResponseBytes,
    maxAttempts: options.maxAttempts,
    healthPath: "/models",
    healthIntervalMs: options.healthIntervalSeconds * 1000,
    reading: { answer: readChat, refusal: (body) => explainRefusal(name, body) },
    rate: options.rate && { ...options.rate, tokensOf: ({ totalTokens }) => totalTokens },
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    metrics: metrics?.upstream,
    log: options.log,
  });
  return {
    name,
    digest: createHash("sha256")
      .update(JSON.stringify(["openai", model, structuredOutput]))
      .digest("hex"),
    limits: limitsOf(options.concurrency),
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

/** One call a batch, as many at once as the server may be asked; nothing is padded and nothing waits for company. */
function limitsOf(concurrency: number): BatchLimits {
  return {
    maxBatchCalls: 1,
    maxBatchTokens: Number.MAX_SAFE_INTEGER,
    padded: false,
    parallelism: concurrency,
    concurrency,
    maxPaddingRatio: 0,
    maxDelayMs: 0,
    batchable: false,
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
