import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { eitherSignal } from "./either-signal.ts";
import { channelTo } from "./grpc-hosts.ts";
import type { HttpOutcome, HttpRequest, HttpTarget, HttpTargetOptions } from "./http-target.ts";
import { readPushback } from "./pushback.ts";

/** Time between attempts to connect, so that a service that is back is found soon, milliseconds. */
const RECONNECT_MS = { first: 200, last: 5_000 };
/** By how much a call's own deadline is later than what ends it here, which knows why it ends. */
const DEADLINE_SLACK_MS = 1_000;

/** What a status means in the words of HTTP, which decide about retries and circuits. Every other is a refusal, 400. */
const HTTP_STATUS: Readonly<Partial<Record<status, number>>> = {
  [status.UNAVAILABLE]: 503,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
  [status.UNIMPLEMENTED]: 404,
  [status.INTERNAL]: 500,
  [status.UNKNOWN]: 500,
  [status.DATA_LOSS]: 500,
};

/** Makes one unary call; it ends with the request that it is made for. */
export type Invoke = <T>(
  start: (
    metadata: Metadata,
    options: Partial<CallOptions>,
    callback: (error: ServiceError | null, value?: T) => void,
  ) => { cancel(): void },
) => Promise<T>;

/** Clients of one service, over one channel. */
export interface GrpcService {
  /**
   * Answers a request of a protocol that is written for HTTP.
   * @returns what stands in the body of the answer, or a status alone
   * @throws {UnreadableMessage} when a message is none of the contract; a ServiceError of a call as it is
   */
  answer(request: HttpRequest, invoke: Invoke): Promise<{ readonly status?: number; readonly body: unknown }>;
  /** What statuses mean in the words of HTTP where this service uses them in a way of its own. */
  readonly statuses?: Readonly<Partial<Record<status, number>>>;
  close(): void;
}

/** A message that came, and does not say what it has to. */
export class UnreadableMessage extends Error {}

/**
 * A gRPC service for what asks servers over HTTP: bodies are the JSON of the same contract, statuses those that mean the same there.
 * Opens no connection yet.
 *
 * @param open makes the clients
 */
export function createGrpcTarget(
  { url, host, connectTimeoutMs, maxResponseBytes, clock }: HttpTargetOptions,
  open: (target: string, security: ChannelCredentials, channel: ChannelOptions) => GrpcService,
): HttpTarget {
  const { protocol, host: name } = new URL(url);
  const channel = channelTo(url, host, clock);
  const security = protocol === "grpcs:" ? credentials.createSsl() : credentials.createInsecure();
  const channelOptions: ChannelOptions = {
    ...channel.options,
    // One that takes the place of another has connections of its own.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": maxResponseBytes,
    "grpc.max_send_message_length": -1,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_MS.first,
    "grpc.max_reconnect_backoff_ms": Math.max(RECONNECT_MS.last, connectTimeoutMs),
    // Retries are decided above.
    "grpc.enable_retries": 0,
  };
  const connect = () => open(channel.target, security, channelOptions);
  let service = connect();
  let closed = false;

  /** The peer of a connection may be gone without a word, which the system notices after a quarter of an hour. What else runs on it goes on. */
  function replace(used: GrpcService): void {
    if (service !== used || closed) return;
    service = connect();
    used.close();
  }

  return {
    name,
    async send(request) {
      const timer = new AbortController();
      const cancelTimer = clock.after(request.timeoutMs, () => timer.abort());
      const ending = eitherSignal(timer.signal, request.signal);
      const used = service;
      try {
        const { status: code = 200, body } = await used.answer(request, (start) => invoke(start, request, ending.signal));
        return answered(code, body);
      } catch (thrown) {
        if (request.signal?.aborted) return { kind: "withdrawn" };
        if (timer.signal.aborted) {
          replace(used);
          return { kind: "late" };
        }
        if (thrown instanceof UnreadableMessage) return { kind: "unreadable", cause: thrown };
        const error = thrown as ServiceError;
        if (error.code === status.UNAVAILABLE && host.forbidden !== undefined) return { kind: "broken", cause: host.forbidden };
        return outcomeOf(error, { ...HTTP_STATUS, ...used.statuses });
      } finally {
        cancelTimer();
        ending.release();
      }
    },
    async close() {
      closed = true;
      service.close();
    },
  };
}

function invoke<T>(
  start: Parameters<Invoke>[0],
  { headers = {}, previousAttempts = 0, timeoutMs }: HttpRequest,
  ending: AbortSignal,
): Promise<T> {
  const metadata = new Metadata();
  if (previousAttempts > 0) metadata.set("grpc-previous-rpc-attempts", String(previousAttempts));
  for (const [name, value] of Object.entries(headers)) if (name !== "content-type") metadata.set(name, value);
  // The service sees how long its callers wait.
  const allowanceMs = Number(headers["x-request-timeout-ms"] ?? timeoutMs);
  const deadline = Date.now() + Math.min(allowanceMs, timeoutMs) + DEADLINE_SLACK_MS;
  return new Promise<T>((resolve, reject) => {
    const running = start(metadata, { deadline }, (error, value) => {
      ending.removeEventListener("abort", cancel);
      if (error) reject(error);
      else resolve(value as T);
    });
    const cancel = () => running.cancel();
    ending.addEventListener("abort", cancel);
    if (ending.aborted) cancel();
  });
}

function answered(code: number, body: unknown): HttpOutcome & { readonly kind: "answered" } {
  return { kind: "answered", status: code, contentType: "application/json", body: JSON.stringify(body) };
}

/** What the library says where no server has answered: there is no connection, or none any more. */
const NO_ANSWER = /^(round_robin: )?(No connection established|Connection dropped|Name resolution failed|(read|write|connect) E[A-Z]+)/;

function outcomeOf(error: ServiceError, statuses: typeof HTTP_STATUS): HttpOutcome {
  // An answer that is too long, or no message of the contract.
  const local = error.code === status.RESOURCE_EXHAUSTED && /received message larger than max/i.test(error.details);
  const garbled = error.code === status.INTERNAL && /response message parsing error/i.test(error.details);
  if (local || garbled) return { kind: "unreadable", cause: error };
  // A stream that the other side ended shows as cancelled; what ends here was told apart before.
  if (error.code === undefined || error.code === status.CANCELLED) return { kind: "broken", cause: error };
  if (error.code === status.DEADLINE_EXCEEDED) return { kind: "late" };
  if (error.code === status.UNAVAILABLE && NO_ANSWER.test(error.details)) return { kind: "broken", cause: error };
  const retryAfter = error.metadata?.get("retry-after")[0];
  const pushbackMs = readPushback(error.metadata);
  return {
    ...answered(statuses[error.code] ?? 400, { error: error.details ?? "" }),
    ...(retryAfter !== undefined && { retryAfter: retryAfter.toString() }),
    ...(pushbackMs !== undefined && { pushbackMs }),
  };
}
