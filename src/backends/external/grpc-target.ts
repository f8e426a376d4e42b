import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { type ContentPart, type Message as PromptMessage, ROLES } from "../../domain/item.ts";
import { type JudgedCandidate, JudgeRequest, type JudgeResponse, JudgeServiceClient } from "../../gen/rewardgate/judge/v1/judge_service.ts";
import type { Content, Message } from "../../gen/rewardgate/v1/item.ts";
import type { HttpOutcome, HttpRequest, HttpTarget, HttpTargetOptions } from "../upstream/http-target.ts";

/** Time between attempts to connect, so that a service that is back is found soon, milliseconds. */
const RECONNECT_MS = { first: 200, last: 5_000 };

/** What a status means in the words of HTTP, which decide about retries and circuits. Every other is a refusal, 400. */
const HTTP_STATUS: Readonly<Partial<Record<status, number>>> = {
  [status.UNAVAILABLE]: 503,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.UNIMPLEMENTED]: 404,
  [status.INTERNAL]: 500,
  [status.UNKNOWN]: 500,
  [status.DATA_LOSS]: 500,
};

/**
 * A JudgeService over gRPC, for what asks servers over HTTP: `POST /judge` is Judge, `GET /describe` is Health.Check, where the
 * service has it, and then Describe. Bodies are the JSON of the same contract. Opens no connection yet.
 */
export function createGrpcTarget({ url, connectTimeoutMs, maxResponseBytes, clock }: HttpTargetOptions): HttpTarget {
  const { protocol, host } = new URL(url);
  const security = protocol === "grpcs:" ? credentials.createSsl() : credentials.createInsecure();
  const channel = {
    "grpc.max_receive_message_length": maxResponseBytes,
    "grpc.max_send_message_length": -1,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_MS.first,
    "grpc.max_reconnect_backoff_ms": Math.max(RECONNECT_MS.last, connectTimeoutMs),
    // Retries and proxies are decided above, and a service's DNS record configures nothing here.
    "grpc.enable_retries": 0,
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
  };
  const judges = new JudgeServiceClient(host, security, channel);
  const health = new Client(host, security, { ...channel, channelOverride: judges.getChannel() });
  return {
    name: host,
    async send(request) {
      const timer = new AbortController();
      const cancelTimer = clock.after(request.timeoutMs, () => timer.abort());
      const ending = request.signal === undefined ? timer.signal : AbortSignal.any([timer.signal, request.signal]);
      try {
        return request.method === "POST" ? await judge(judges, request, ending) : await describe(judges, health, request, ending);
      } catch (thrown) {
        if (request.signal?.aborted) return { kind: "withdrawn" };
        if (timer.signal.aborted) return { kind: "late" };
        return outcomeOf(thrown as ServiceError);
      } finally {
        cancelTimer();
      }
    },
    async close() {
      judges.close();
      health.close();
    },
  };
}

/** Makes a call that ends when the signal aborts. */
type Start<T> = (metadata: Metadata, callback: (error: ServiceError | null, value?: T) => void) => { cancel(): void };

function call<T>(start: Start<T>, { headers = {} }: HttpRequest, ending: AbortSignal): Promise<T> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) if (name !== "content-type") metadata.set(name, value);
  return new Promise<T>((resolve, reject) => {
    const running = start(metadata, (error, value) => {
      ending.removeEventListener("abort", cancel);
      if (error) reject(error);
      else resolve(value as T);
    });
    const cancel = () => running.cancel();
    ending.addEventListener("abort", cancel);
    if (ending.aborted) cancel();
  });
}

async function judge(judges: JudgeServiceClient, request: HttpRequest, ending: AbortSignal): Promise<HttpOutcome> {
  const message = toRequest(JSON.parse(request.body!));
  // The service sees how long its callers wait.
  const allowanceMs = Number(request.headers?.["x-request-timeout-ms"] ?? request.timeoutMs);
  const deadline = Date.now() + Math.min(allowanceMs, request.timeoutMs) + DEADLINE_SLACK_MS;
  const response = await call<JudgeResponse>((metadata, done) => judges.judge(message, metadata, { deadline }, done), request, ending);
  return answered(200, fromResponse(response));
}

/** By how much a call's own deadline is later than what ends it here, which knows why it ends. */
const DEADLINE_SLACK_MS = 1_000;

async function describe(judges: JudgeServiceClient, health: Client, request: HttpRequest, ending: AbortSignal): Promise<HttpOutcome> {
  const { Check } = healthService;
  const deadline = Date.now() + request.timeoutMs + DEADLINE_SLACK_MS;
  try {
    const checked = await call<{ status?: string }>(
      (metadata, done) =>
        health.makeUnaryRequest(
          Check!.path,
          Check!.requestSerialize,
          Check!.responseDeserialize as (bytes: Buffer) => { status?: string },
          { service: "" },
          metadata,
          { deadline },
          done,
        ),
      request,
      ending,
    );
    if (checked.status !== "SERVING") return answered(503, {});
  } catch (thrown) {
    // A service need not have a health service, or know the empty name.
    const { code } = thrown as ServiceError;
    if (code !== status.UNIMPLEMENTED && code !== status.NOT_FOUND) throw thrown;
  }
  const described = await call<object>((metadata, done) => judges.describe({}, metadata, { deadline }, done), request, ending);
  return answered(200, described);
}

function answered(code: number, body: object, retryAfter?: string): HttpOutcome {
  const answer = { kind: "answered", status: code, contentType: "application/json", body: JSON.stringify(body) } as const;
  return retryAfter === undefined ? answer : { ...answer, retryAfter };
}

function outcomeOf(error: ServiceError): HttpOutcome {
  // An answer that is too long, or no message of the contract.
  const local = error.code === status.RESOURCE_EXHAUSTED && /received message larger than max/i.test(error.details);
  const garbled = error.code === status.INTERNAL && /response message parsing error/i.test(error.details);
  if (local || garbled) return { kind: "unreadable", cause: error };
  if (error.code === undefined) return { kind: "broken", cause: error };
  if (error.code === status.DEADLINE_EXCEEDED || error.code === status.CANCELLED) return { kind: "late" };
  const retryAfter = error.metadata?.get("retry-after")[0];
  return answered(HTTP_STATUS[error.code] ?? 400, {}, retryAfter?.toString());
}

interface JsonItem {
  readonly id: string;
  readonly prompt: readonly PromptMessage[];
  readonly candidates: readonly { readonly id: string; readonly content: PromptMessage["content"] }[];
  readonly reference?: string;
  readonly domain?: string;
  readonly language?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

function toRequest({ judge, items }: { readonly judge: string; readonly items: readonly JsonItem[] }): JudgeRequest {
  return JudgeRequest.fromPartial({
    judge,
    items: items.map(({ prompt, candidates, ...item }) => ({
      ...item,
      prompt: prompt.map(toMessage),
      candidates: candidates.map(({ id, content }) => ({ id, content: toContent(content) })),
    })),
  });
}

function toMessage({ role, content }: PromptMessage): Message {
  // The enumeration counts the roles from 1, in the domain's order.
  return { role: (ROLES.indexOf(role) + 1) as Message["role"], content: toContent(content) };
}

function toContent(content: PromptMessage["content"]): Content {
  if (typeof content === "string") return { form: { $case: "text", value: content } };
  return { form: { $case: "parts", value: { parts: content.map((part) => ({ kind: toPart(part) })) } } };
}

function toPart(part: ContentPart) {
  return part.type === "text" ? { $case: "text" as const, value: part.text } : { $case: "imageUrl" as const, value: { url: part.url } };
}

function fromResponse({ version, items }: JudgeResponse): object {
  return { version, items: items.map(({ id, candidates }) => ({ id, candidates: candidates.map(fromCandidate) })) };
}

function fromCandidate({ outcome, ...rest }: JudgedCandidate): object {
  if (outcome === undefined) return rest;
  const { $case, value } = outcome;
  return { ...rest, [$case]: typeof value === "number" && !Number.isFinite(value) ? String(value) : value };
}
