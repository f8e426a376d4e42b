import { createHash } from "node:crypto";
import type { Call, CallResult, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { RateLimits } from "../upstream/rate-budget.ts";
import { openServers, type ServerOptions, serverLimits, UNITS_PER_TOKEN } from "../upstream/settings.ts";
import type { ChatProtocol, ReadChat } from "./protocol.ts";
import { sendRelay, type WrittenRelay, writeRelay } from "./relay.ts";

/** A server of chats to ask. */
export interface ChatServerOptions extends ServerOptions {
  readonly model: string;
  readonly rate?: RateLimits | undefined;
}

/** What goes to the server for one chat of a judge. */
interface ChatPayload {
  readonly body: string;
  readonly broken: number;
  /** Tokens that it reads, by estimate, and may write. */
  readonly mostTokens: number;
}

type Payload = ChatPayload | WrittenRelay;

/**
 * Opens a backend that asks a server of chats. A server that does not answer is no error: the backend is not ready until one does.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be
 */
export async function createChatServerBackend(options: ChatServerOptions, protocol: ChatProtocol): Promise<OpenBackend> {
  const { name, metrics, rate } = options;
  const [engine, ...rest] = protocol.identity;
  const upstream = await openServers<ReadChat>(options, {
    healthPath: protocol.healthPath,
    ...(protocol.accepts && { accepts: protocol.accepts }),
    reading: { answer: protocol.read, refusal: protocol.refusal },
    rate: rate && { ...rate, tokensOf: ({ totalTokens }) => totalTokens },
  });

  const accepts = (model: string | undefined) => protocol.answersAs === undefined || model === protocol.answersAs;

  function requireName(model: string | undefined): void {
    if (accepts(model)) return;
    const message = `backend "${name}" answered in the name of another model than its configuration says; correct the name, or the server's model`;
    throw new GatewayError("BACKEND_REFUSED", message);
  }

  async function complete(call: PreparedCall, context?: RunContext): Promise<CallResult> {
    const payload = call.payload as Payload;
    if ("relay" in payload) {
      const answer = await sendRelay({ upstream, path: protocol.path, accepts }, payload, context);
      if (answer.relayed.status === 200) requireName(answer.model);
      return { outputs: {}, relayed: answer.relayed, tokens: answer.tokens ?? call.tokens };
    }
    const { body, mostTokens } = payload;
    const { text, cut, tokens, totalTokens, model } = await upstream.post(protocol.path, body, context, mostTokens);
    requireName(model);
    return {
      outputs: {},
      completion: { text, cut, tokens },
      tokens: totalTokens ?? call.tokens + Math.ceil(text.length / UNITS_PER_TOKEN),
    };
  }

  return {
    name,
    digest: createHash("sha256")
      .update(JSON.stringify([engine, options.model, ...rest]))
      .digest("hex"),
    limits: serverLimits(options.concurrency),
    device: upstream.addresses.join(", "),
    remote: true,
    notReady: `no server of backend ${name} answers${protocol.accepts === undefined ? "" : ` and has model ${options.model}`}`,
    get ready() {
      return upstream.ready;
    },
    onReadiness: (listener) => upstream.onReadiness(listener),
    async prepare(calls) {
      return calls.map((call) => prepare(call, options, protocol));
    },
    async run(batch, context) {
      for (const { payload } of batch as readonly { readonly payload: Payload }[]) {
        if ("broken" in payload) metrics?.upstream.neutralised.inc({ backend: name }, payload.broken);
      }
      return Promise.all(batch.map((call) => complete(call, context)));
    },
    close: (timeoutMs) => upstream.close(timeoutMs),
  };
}

function prepare(call: Call, { name, model }: ChatServerOptions, protocol: ChatProtocol): PreparedCall | Error {
  if (call.type === "relay" && protocol.relays) {
    const payload: Payload = writeRelay(call, model);
    return { tokens: payload.tokens, payload };
  }
  if (call.type !== "chat") return new GatewayError("BACKEND_REFUSED", `backend "${name}" answers chats and scores no text`);
  const written = protocol.write(call);
  const tokens = Math.ceil(written.body.length / UNITS_PER_TOKEN);
  const payload: Payload = { ...written, mostTokens: tokens + call.sampling.maxTokens };
  return { tokens, payload };
}
